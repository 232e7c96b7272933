import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from '../../dist/esm/instrument/sql.js'
import { maskSql } from '../../dist/esm/instrument/sql-mask.js'

/** Statement, what leaves the process. */
const masked: [title: string, statement: string, expected: string][] = [
  ['strings', "SELECT 'swordfish'", 'SELECT ?'],
  ['strings with quotes in them', "SELECT 'it''s swordfish', 1", 'SELECT ?, ?'],
  ['strings on several lines', "SELECT 'a\n swordfish'\n  , x", 'SELECT ? , x'],
  ['escape strings', "SELECT E'it\\'s swordfish', x", 'SELECT ?, x'],
  ['escape strings that end in a backslash', "SELECT e'a\\\\', x", 'SELECT ?, x'],
  ['bit, hexadecimal and national strings', "SELECT B'101', x'1F', N'é'", 'SELECT ?, ?, ?'],
  ['Unicode strings', "SELECT U&'d\\0061t'", 'SELECT U&?'],
  ['words that end like a prefix', "SELECT name'swordfish'", 'SELECT name?'],
  ['a backslash before the end, up to the end', "SELECT 'C:\\', 'swordfish'", 'SELECT ?'],
  ['other backslashes', "SELECT 'C:\\dir', x", 'SELECT ?, x'],
  ['strings that do not end', "SELECT x FROM t WHERE a = 'swordfish", 'SELECT x FROM t WHERE a = ?'],
  ['identifiers that do not end', 'SELECT "x, swordfish', 'SELECT ?'],
  ['dollar quotes', 'DO $$ BEGIN swordfish; END $$', 'DO ?'],
  ['dollar quotes with a tag', "SELECT $a$ 'swordfish' $$ $a$, x", 'SELECT ?, x'],
  ['dollar quotes that do not end', 'SELECT $a$ swordfish $b$', 'SELECT ?'],
  ['placeholders', 'SELECT $1, $12::int, ?, :name, @name', 'SELECT $1, $12::int, ?, :name, @name'],
  ['integers', 'SELECT * FROM t WHERE id = 42 LIMIT 10', 'SELECT * FROM t WHERE id = ? LIMIT ?'],
  ['decimals', 'SELECT 1.5, -.5, 1e10, 1.5e-3, 2E+4', 'SELECT ?, -?, ?, ?, ?'],
  ['numbers in other bases', 'SELECT 0xFF, 0b101, 0o17, 1_000', 'SELECT ?, ?, ?, ?'],
  ['no digits in names', 'SELECT t1.c2, größe3 FROM t1', 'SELECT t1.c2, größe3 FROM t1'],
  ['no quoted names', 'SELECT "a ""1""", `b 2` FROM "T 3"', 'SELECT "a ""1""", `b 2` FROM "T 3"'],
  ['names with dollars', 'SELECT a$b$c FROM d$1', 'SELECT a$b$c FROM d$1'],
  ['line comments', "SELECT x -- it's swordfish\nFROM t", 'SELECT x FROM t'],
  ['comments', "SELECT /* it's swordfish */ x", 'SELECT x'],
  ['comments in comments', 'SELECT /* a /* b */ swordfish */ x', 'SELECT x'],
  ['comments that do not end', 'SELECT x /* swordfish', 'SELECT x'],
  ['no comment signs in strings', "SELECT '--', '/*', x", 'SELECT ?, ?, x'],
  ['lists', "SELECT x FROM t WHERE id IN (1, 2, 'three')", 'SELECT x FROM t WHERE id IN (?)'],
  ['rows', "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3,'c')", 'INSERT INTO t VALUES (?)'],
  [
    'characters of all planes',
    'SELECT \'🐟 swordfish\', "🐟" FROM poisson_é',
    'SELECT ?, "🐟" FROM poisson_é',
  ],
  ['white space', '  SELECT\t\tx\r\n\r\nFROM   t  ', 'SELECT x FROM t'],
]

describe('masking SQL', () => {
  for (const [title, statement, expected] of masked) {
    it(`${title}: ${JSON.stringify(statement)}`, () => {
      assert.equal(maskSql(statement), expected)
    })
  }

  it('cuts what is long, in the middle of whatever, and lets no value out', () => {
    for (const secret of ["'swordfish'", '$$swordfish$$', "E'\\'swordfish'", '/* swordfish */']) {
      for (let length = 4070; length < 4100; length += 1) {
        const text = maskSql(`SELECT ${'x'.repeat(length - 8)} ${secret}${' '.repeat(100)}`)
        assert.ok(!text.includes('sword'), `${secret} at ${length}`)
        assert.ok(text.endsWith('…'))
      }
    }
  })

  it('takes no longer for a megabyte than for a page', () => {
    const hostile = ["'", '$', '(', '(?,', '/*', '"', '\\', '0', '1.', "e'", '$a$', ' ', '--', '(1),']
    for (const part of hostile) {
      const statement = part.repeat(1_000_000 / part.length)
      const before = process.cpuUsage().user
      assert.ok(maskSql(statement).length <= 4097)
      const spent = (process.cpuUsage().user - before) / 1000
      assert.ok(spent < 100, `${JSON.stringify(part)} took ${spent} ms`)
    }
  })
})

/** Statement, what names the span. */
const summaries: [statement: string, summary: string][] = [
  ['SELECT * FROM users WHERE id = 1', 'SELECT users'],
  ['select u.* from public.users u', 'SELECT public.users'],
  ['INSERT INTO orders (a) SELECT b FROM c', 'INSERT orders'],
  ['UPDATE ONLY orders SET a = 1', 'UPDATE orders'],
  ['DELETE FROM "Orders"', 'DELETE "Orders"'],
  ['CREATE TABLE IF NOT EXISTS t (a int)', 'CREATE t'],
  ['(SELECT 1)', 'SELECT'],
  ['BEGIN', 'BEGIN'],
  ['/* route */ COMMIT', 'COMMIT'],
  ["'swordfish'", 'query'],
  ['', 'query'],
]

describe('naming SQL', () => {
  for (const [statement, summary] of summaries) {
    it(`${JSON.stringify(statement)} is "${summary}"`, () => assert.equal(sql(statement).summary, summary))
  }

  it('is total', () => {
    for (const value of [undefined, null, 1, {}, [], Symbol('x')]) {
      assert.deepEqual(sql(value as never), { summary: 'query', operation: '', masked: '' })
    }
  })

  it('remembers statements that repeat, and not those that are long', () => {
    assert.equal(sql('SELECT remembered'), sql('SELECT remembered'))
    const long = `SELECT ${'a'.repeat(5000)}`
    assert.notEqual(sql(long), sql(long))
  })

  it('keeps a bounded number of statements', () => {
    const first = sql('SELECT first')
    for (let index = 0; index < 2000; index += 1) sql(`SELECT c${index}`)
    assert.notEqual(sql('SELECT first'), first)
    assert.deepEqual(sql('SELECT first'), first)
  })
})
