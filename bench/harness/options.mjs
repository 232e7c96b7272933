/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util'
import { apps } from '../apps/index.mjs'
import { defaultTracers, tracers } from '../tracers/index.mjs'

export const usage = `npm run bench -- [options]

  --apps A,B,C,D      applications to measure
  --tracers none,…    contestants (${Object.keys(tracers).join(', ')})
  --rounds 3          measurements of each pair, interleaved
  --requests N        measured requests per measurement (default: by application)
  --connections 50    connections of the load generator
  --startups 5        starts of each pair
  --node <path>       Node binary for the applications (default: Node 24, installed on demand)
  --cores 0,1         core of the application, core of everything else
  --no-micro          leave the micro costs out
  --only-micro        nothing but the micro costs
  --write             put the results of a complete run into docs/benchmarks.md
  --help`

/** @returns the options, checked; throws an error that names the valid choices */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      apps: { type: 'string', default: Object.keys(apps).join(',') },
      tracers: { type: 'string', default: defaultTracers.join(',') },
      rounds: { type: 'string', default: '3' },
      requests: { type: 'string' },
      connections: { type: 'string', default: '50' },
      startups: { type: 'string', default: '5' },
      node: { type: 'string' },
      cores: { type: 'string', default: '0,1' },
      'no-micro': { type: 'boolean', default: false },
      'only-micro': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const [serverCore, otherCore] = values.cores.split(',').map((core) => count('cores', core, 0))
  if (otherCore === undefined) throw new TypeError(`--cores takes two cores, like 0,1, not '${values.cores}'`)
  const options = {
    apps: choices('apps', values.apps, apps),
    // Every figure is a difference to none, which therefore always takes part.
    tracers: [...new Set(['none', ...choices('tracers', values.tracers, tracers)])],
    rounds: count('rounds', values.rounds, 1),
    requests: values.requests === undefined ? undefined : count('requests', values.requests, 100),
    connections: count('connections', values.connections, 1),
    startups: count('startups', values.startups, 0),
    node: values.node,
    serverCore,
    otherCore,
    micro: !values['no-micro'],
    applications: !values['only-micro'],
    write: values.write,
    help: values.help,
  }
  if (options.write && !isComplete(options)) {
    throw new TypeError(
      '--write replaces the whole page: it takes a run of all applications, contestants and micro costs',
    )
  }
  return options
}

function isComplete({ apps: chosen, tracers: contestants, micro, applications }) {
  return (
    micro &&
    applications &&
    Object.keys(apps).every((app) => chosen.includes(app)) &&
    defaultTracers.every((tracer) => contestants.includes(tracer))
  )
}

function choices(option, list, known) {
  const names = list.split(',').filter(Boolean)
  const unknown = names.filter((name) => !Object.hasOwn(known, name))
  if (unknown.length > 0) {
    throw new TypeError(
      `--${option}: unknown ${unknown.join(', ')}; valid are ${Object.keys(known).join(', ')}`,
    )
  }
  return names
}

function count(option, text, least) {
  const number = Number(text)
  if (!Number.isInteger(number) || number < least) {
    throw new TypeError(`--${option} takes a whole number from ${least}, not '${text}'`)
  }
  return number
}
