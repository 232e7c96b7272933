/**
 * Runs before the first paint, so that a chosen scheme never flashes the other one: a script file of its own,
 * because the content security policy allows no inline one.
 */
try {
  const chosen = localStorage.getItem('spoor.scheme')
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset['scheme'] = chosen
} catch {
  // No storage, no choice: the system's scheme applies.
}
