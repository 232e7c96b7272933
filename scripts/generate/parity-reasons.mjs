/**
 * Behaviours of the reference libraries that no test can prove here, and why not. A behaviour must be in this list or
 * in the title of a test, and may not be in both.
 */
export const reasons = {
  'SM-15':
    'Tornado needs a block around code in which spans are to be followed, because its context has to be installed. ' +
    'Node.js follows asynchronous flows everywhere, so there is nothing to switch on; `noParent()` switches it off.',
}
