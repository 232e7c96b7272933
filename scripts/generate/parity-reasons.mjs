/**
 * Behaviours of the reference libraries that no test can prove here, and why not. A behaviour must be in this list or
 * in the title of a test, and may not be in both.
 */
export const reasons = {
  'PYR-A02': 'Spoor has no earlier version whose names it would have to keep.',
  'FLK-A02': 'Spoor has no earlier version whose names it would have to keep.',
  'FLK-A09':
    'The warning says that the Python library is no longer supported, which is not a behaviour to repeat.',
  'OPI-A04':
    'Tornado’s stack context is a second storage beside the scope manager; Node.js has one, and `scopeManager.with` serves it.',
  'OPI-A05':
    'Request contexts were the storage before OpenTracing had scope managers; Spoor has had scope managers from its first version.',
  'SM-15':
    'Tornado needs a block around code in which spans are to be followed, because its context has to be installed. ' +
    'Node.js follows asynchronous flows everywhere, so there is nothing to switch on; `noParent()` switches it off.',
}
