/** A table for the terminal: the first column to the left, figures to the right. */
export function terminalTable({ title, columns, rows, notes }) {
  const lines = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const cells = (line) =>
    line.map((cell, column) =>
      leftAligned(rows, column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    )
  const text = lines.map((line) => cells(line).join('  ').trimEnd())
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return [title, '', text[0], rule, ...text.slice(1), ...notes.map((note) => `! ${note}`), ''].join('\n')
}

/** The same table for a Markdown page. */
export function markdownTable({ title, columns, rows, notes }) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const rule = columns.map((_, column) => (leftAligned(rows, column) ? '---' : '---:'))
  return [
    `### ${title}`,
    '',
    line(columns),
    line(rule),
    ...rows.map(line),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `**${note}**`)] : []),
    '',
  ].join('\n')
}

/** A column is text, and not figures, when most of its filled cells do not begin like a number. */
function leftAligned(rows, column) {
  const filled = rows.map((row) => row[column]).filter(Boolean)
  return filled.filter((cell) => !/^[+−-]?\d/.test(cell)).length * 2 > filled.length
}
