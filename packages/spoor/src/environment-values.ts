import { report } from './log.ts'
import type { InitOptions } from './options.ts'
import type { SpanLimits } from './tracer/limits.ts'
import { alwaysOff, alwaysOn, parentBased, rateLimited, ratio, type Sampler } from './tracer/sampler.ts'
import type { Settings } from './variables.ts'

/** Options that several variables make together, or that are called something else there. Undefined for nothing said. */

export function samplerOf({ sampler, samplerArgument }: Settings): Sampler | undefined {
  if (sampler === undefined && samplerArgument === undefined) return undefined
  const { kind, parent } = kindOf(sampler ?? 'parentbased_always_on')
  const root = rootSampler(kind, samplerArgument)
  return parent ? parentBased(root) : root
}

export function limitsOf(settings: Settings): Partial<SpanLimits> | undefined {
  const given: { [Limit in keyof SpanLimits]?: number | undefined } = {
    attributes: settings.spanAttributes ?? settings.attributes,
    attributeValueLength: settings.spanAttributeLength ?? settings.attributeLength,
    events: settings.events,
    links: settings.links,
    attributesPerEvent: settings.eventAttributes ?? settings.attributes,
    attributesPerLink: settings.linkAttributes ?? settings.attributes,
  }
  return said(given)
}

export function ignoreOf(settings: Settings): InitOptions['ignore'] {
  return said({
    paths: settings.ignorePaths,
    methods: settings.ignoreMethods,
    userAgents: settings.ignoreUserAgents,
    routes: settings.ignoreRoutes,
  })
}

export function headersOf({ headers, tracesHeaders }: Settings): InitOptions['headers'] {
  return headers === undefined && tracesHeaders === undefined ? undefined : { ...headers, ...tracesHeaders }
}

export function logLevelOf({ spoorLogLevel, logLevel }: Settings): InitOptions['logLevel'] {
  if (spoorLogLevel !== undefined || logLevel === undefined) return spoorLogLevel
  if (logLevel === 'none') return 'silent'
  return logLevel === 'verbose' || logLevel === 'all' ? 'debug' : logLevel
}

/** Without what is undefined; undefined where nothing is left. */
function said<Values extends object>(values: Values): any {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function kindOf(sampler: string): { readonly kind: string; readonly parent: boolean } {
  return { kind: sampler.replace('parentbased_', ''), parent: sampler.startsWith('parentbased_') }
}

function rootSampler(name: string, argument: string | undefined): Sampler {
  const value = Number(argument)
  try {
    if (name === 'always_off') return alwaysOff
    if (name === 'traceidratio') return argument === undefined ? alwaysOn : ratio(value)
    if (name === 'ratelimited') return rateLimited(argument === undefined ? 100 : value)
  } catch (error) {
    report(
      'env.OTEL_TRACES_SAMPLER_ARG',
      `OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(argument)}, which does not fit a sampler of the kind ${name}; every trace is kept`,
      error,
    )
  }
  return alwaysOn
}
