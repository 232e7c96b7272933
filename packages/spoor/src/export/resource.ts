import { readFileSync } from 'node:fs'
import { arch, hostname, type as osType, release } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { report } from '../log.ts'
import { SDK_NAME, SDK_VERSION } from './sdk.ts'
import type { PlainAttributes } from './span-data.ts'

export interface ResourceOptions {
  /** The environment, for example `process.env`. */
  env: Record<string, string | undefined>
  /** Wins over the environment. */
  serviceName?: string | undefined
  /** Win over the environment. */
  attributes?: PlainAttributes | undefined
  /** The application's main script; `process.argv[1]` by default. */
  main?: string | undefined
}

/**
 * Finds out what is known of this process, in the names of OpenTelemetry's resource conventions. The name of the
 * service is the first of: the option, `OTEL_SERVICE_NAME`, `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, the name in
 * the main script's package.json, `unknown_service:node`.
 *
 * Command-line arguments are left out, for they may hold secrets. Takes less than a millisecond.
 */
export function detectResource(options: ResourceOptions): PlainAttributes {
  const { env } = options
  const main = options.main ?? process.argv[1]
  const fromEnv = parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES'])
  const application = findPackage(main)
  const name =
    options.serviceName ||
    options.attributes?.['service.name'] ||
    env['OTEL_SERVICE_NAME'] ||
    fromEnv['service.name'] ||
    application?.name ||
    'unknown_service:node'
  return withoutEmpty({
    'service.version': application?.version,
    'service.instance.id': globalThis.crypto.randomUUID(),
    ...processAttributes(main),
    ...hostAttributes(),
    ...containerAttributes(env),
    ...fromEnv,
    ...options.attributes,
    'service.name': name,
    'telemetry.sdk.name': SDK_NAME,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': SDK_VERSION,
  })
}

/**
 * Reads `key=value,key=value` with percent-encoded values (OpenTelemetry resource SDK specification). A value that
 * cannot be read is discarded as a whole, and reported, as the specification says.
 */
export function parseResourceAttributes(text: string | undefined): Record<string, string> {
  const attributes: Record<string, string> = {}
  if (text === undefined || text.trim() === '') return attributes
  try {
    for (const pair of text.split(',')) {
      if (pair.trim() === '') continue
      const equals = pair.indexOf('=')
      const key = pair.slice(0, Math.max(0, equals)).trim()
      if (key === '') throw new Error(`"${pair.trim().slice(0, 40)}" is not of the form key=value`)
      attributes[decodeURIComponent(key)] = decodeURIComponent(pair.slice(equals + 1).trim())
    }
    return attributes
  } catch (error) {
    report(
      'SPOOR_BAD_RESOURCE_ATTRIBUTES',
      'OTEL_RESOURCE_ATTRIBUTES is ignored, because it cannot be read. ' +
        'Write key=value,key=value, with commas, equals signs and percent signs in values percent-encoded',
      error,
    )
    return {}
  }
}

function processAttributes(main: string | undefined): Record<string, unknown> {
  return {
    'process.pid': process.pid,
    'process.executable.name': process.execPath.slice(process.execPath.lastIndexOf(sep) + 1),
    'process.executable.path': process.execPath,
    'process.command': main,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'process.runtime.description': 'Node.js',
  }
}

/** Names of `host.arch` in the conventions, where they differ from Node's. */
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm: 'arm32', ppc: 'ppc32', ia32: 'x86' }
const SYSTEMS: Record<string, string> = { Windows_NT: 'windows', SunOS: 'solaris' }

function hostAttributes(): Record<string, unknown> {
  const system = osType()
  return {
    'host.name': hostname(),
    'host.arch': ARCHITECTURES[arch()] ?? arch(),
    'host.id': system === 'Linux' ? read('/etc/machine-id')?.trim() : undefined,
    'os.type': SYSTEMS[system] ?? system.toLowerCase(),
    'os.version': release(),
  }
}

function containerAttributes(env: ResourceOptions['env']): Record<string, unknown> {
  if (process.platform !== 'linux') return {}
  const cgroup = read('/proc/self/cgroup') ?? ''
  const found = { 'container.id': containerId(cgroup, () => read('/proc/self/mountinfo') ?? '') }
  if (!env['KUBERNETES_SERVICE_HOST']) return found
  return {
    ...found,
    'k8s.pod.name': env['POD_NAME'] ?? env['K8S_POD_NAME'] ?? env['HOSTNAME'],
    'k8s.namespace.name':
      env['POD_NAMESPACE'] ??
      env['K8S_NAMESPACE'] ??
      read('/var/run/secrets/kubernetes.io/serviceaccount/namespace')?.trim(),
    'k8s.node.name': env['NODE_NAME'] ?? env['K8S_NODE_NAME'],
    'k8s.pod.uid': env['POD_UID'] ?? env['K8S_POD_UID'],
  }
}

/**
 * The id of the container this process runs in. Control groups of version 1 end with it; those of version 2 hide it,
 * and it stands in the paths that the container's engine mounts into it.
 *
 * @param mounts gives the text of /proc/self/mountinfo, when it is needed
 */
export function containerId(cgroup: string, mounts: () => string): string | undefined {
  for (const line of cgroup.split('\n')) {
    const id = CGROUP_CONTAINER.exec(line)?.[1]
    if (id !== undefined) return id
  }
  for (const line of mounts().split('\n')) {
    const id = MOUNTED_CONTAINER.exec(line)?.[1]
    if (id !== undefined) return id
  }
  return undefined
}

/** `/docker/<id>`, `/kubepods/…/<id>`, `…/docker-<id>.scope`, `cri-containerd:<id>`; Fargate's `<32 hex>-<digits>`. */
const CGROUP_CONTAINER = /[/:-]([0-9a-f]{64}|[0-9a-f]{32}-\d{8,12})(?:\.scope)?$/
/** `/var/lib/docker/containers/<id>/hostname`, `…/overlay-containers/<id>/userdata/hostname`. */
const MOUNTED_CONTAINER = /\/(?:overlay-)?containers\/([0-9a-f]{64})\//

interface Package {
  name: string
  version?: string | undefined
}

/** The nearest package.json with a name, upwards from the main script. */
function findPackage(main: string | undefined): Package | undefined {
  if (main === undefined) return undefined
  // A command of an installed package (`next start`, `nest start`) serves the application it is installed in.
  const installed = main.indexOf(`${sep}node_modules${sep}`)
  return (installed > 0 ? searchUpwards(main.slice(0, installed)) : undefined) ?? searchUpwards(main)
}

function searchUpwards(from: string): Package | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = readPackage(join(folder, 'package.json'))
    if (found !== undefined) return found
    if (folder === dirname(folder)) return undefined
  }
}

function readPackage(path: string): Package | undefined {
  const text = read(path)
  if (text === undefined) return undefined
  try {
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown }
    if (typeof name !== 'string' || name === '') return undefined
    return { name, version: typeof version === 'string' ? version : undefined }
  } catch {
    return undefined
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function withoutEmpty(attributes: Record<string, unknown>): PlainAttributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined && value !== ''),
  ) as PlainAttributes
}
