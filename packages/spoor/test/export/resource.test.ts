import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { detectResource } from 'spoor/export'
import { containerId, parseResourceAttributes } from '../../dist/esm/export/resource.js'
import { SDK_VERSION } from '../../dist/esm/export/sdk.js'
import { captureLog } from './support/log.js'

describe('the resource', () => {
  let folder: string
  let main: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'spoor-resource-'))
    main = join(folder, 'src', 'server.js')
    mkdirSync(join(folder, 'src'))
    mkdirSync(join(folder, 'node_modules', 'next', 'bin'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"name":"shop","version":"1.2.3"}')
    writeFileSync(join(folder, 'src', 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'node_modules', 'next', 'package.json'), '{"name":"next","version":"16"}')
  })

  after(() => rmSync(folder, { recursive: true }))

  it('takes the name of the service from the first place that has one', () => {
    const env: Record<string, string> = {
      OTEL_SERVICE_NAME: 'one',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=two',
    }
    const name = (options = {}): unknown => detectResource({ env, main, ...options })['service.name']
    assert.equal(name({ serviceName: 'code' }), 'code')
    assert.equal(name({ attributes: { 'service.name': 'attribute' } }), 'attribute')
    assert.equal(name(), 'one')
    delete env['OTEL_SERVICE_NAME']
    assert.equal(name(), 'two')
    delete env['OTEL_RESOURCE_ATTRIBUTES']
    assert.equal(detectResource({ env, main })['service.name'], 'shop')
    assert.equal(detectResource({ env, main: '/nonexistent/x.js' })['service.name'], 'unknown_service:node')
  })

  it('takes the version from the same package, past package.json files without a name', () => {
    assert.equal(detectResource({ env: {}, main })['service.version'], '1.2.3')
  })

  it('takes an application, not the installed command that runs it', () => {
    const command = join(folder, 'node_modules', 'next', 'bin', 'next.js')
    assert.equal(detectResource({ env: {}, main: command })['service.name'], 'shop')
  })

  it('describes the process, the host and the library', () => {
    const resource = detectResource({ env: {}, main })
    assert.equal(resource['process.pid'], process.pid)
    assert.equal(resource['process.runtime.version'], process.versions.node)
    assert.equal(resource['process.runtime.name'], 'nodejs')
    assert.equal(resource['process.executable.path'], process.execPath)
    assert.equal(resource['telemetry.sdk.name'], 'spoor')
    assert.equal(resource['telemetry.sdk.language'], 'nodejs')
    assert.match(String(resource['service.instance.id']), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/)
    for (const key of ['host.name', 'host.arch', 'os.type']) assert.ok(resource[key], key)
  })

  it('leaves command-line arguments out, for they may hold secrets', () => {
    const { argv } = process
    process.argv = [...argv, '--password=hunter2']
    try {
      assert.doesNotMatch(JSON.stringify(detectResource({ env: {} })), /hunter2/)
    } finally {
      process.argv = argv
    }
  })

  it('names the version of the package that it is in', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    assert.equal(SDK_VERSION, version)
    assert.equal(detectResource({ env: {} })['telemetry.sdk.version'], version)
  })

  it('says in Kubernetes which pod this is', () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', HOSTNAME: 'shop-7d9f', POD_NAMESPACE: 'live' }
    const resource = detectResource({ env, main })
    if (process.platform !== 'linux') return
    assert.equal(resource['k8s.pod.name'], 'shop-7d9f')
    assert.equal(resource['k8s.namespace.name'], 'live')
  })

  it('is found out in about a millisecond', () => {
    detectResource({ env: {}, main })
    const times = Array.from({ length: 20 }, () => {
      const began = performance.now()
      detectResource({ env: {}, main })
      return performance.now() - began
    }).sort((one, other) => one - other)
    assert.ok((times[10] as number) < 2, `the median was ${times[10]} ms`)
  })
})

describe('OTEL_RESOURCE_ATTRIBUTES', () => {
  let log: ReturnType<typeof captureLog>

  beforeEach(() => {
    log = captureLog()
  })

  afterEach(() => log.restore())

  it('is a list of keys and percent-encoded values', () => {
    assert.deepEqual(parseResourceAttributes(' a=1 , b = x%2Cy%3Dz%25 ,c=,d=e=f,'), {
      a: '1',
      b: 'x,y=z%',
      c: '',
      d: 'e=f',
    })
    assert.deepEqual(parseResourceAttributes(undefined), {})
    assert.deepEqual(parseResourceAttributes('  '), {})
    assert.deepEqual(log.lines, [])
  })

  for (const text of ['a=1,b', '=1', 'a=%zz', 'a=%ff']) {
    it(`${JSON.stringify(text)} is ignored as a whole, and reported with a code`, () => {
      assert.deepEqual(parseResourceAttributes(text), {})
      assert.match(log.lines.join(), /OTEL_RESOURCE_ATTRIBUTES is ignored.*\[SPOOR_BAD_RESOURCE_ATTRIBUTES\]/)
    })
  }
})

describe('the container', () => {
  const id = 'a1b2c3d4'.repeat(8)
  const none = (): string => ''

  const cgroups: Record<string, string> = {
    docker: `12:pids:/docker/${id}\n0::/`,
    'docker under systemd': `0::/system.slice/docker-${id}.scope`,
    kubernetes: `11:memory:/kubepods/burstable/podf4b5-7c/${id}`,
    containerd: `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
    'cri-o': `0::/kubepods.slice/crio-${id}.scope`,
  }
  for (const [engine, text] of Object.entries(cgroups)) {
    it(`is read from the control group of ${engine}`, () => {
      assert.equal(containerId(text, none), id)
    })
  }

  it('is read from the mounts where control groups have version 2', () => {
    const docker = `1 2 0:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/sda rw`
    assert.equal(
      containerId('0::/', () => docker),
      id,
    )
    const podman = `1 2 0:1 /containers/overlay-containers/${id}/userdata/hostname /etc/hostname rw`
    assert.equal(
      containerId('0::/', () => podman),
      id,
    )
  })

  it('is not there outside of containers', () => {
    const desktop = '0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1b4e28ba.scope'
    assert.equal(
      containerId(desktop, () => '1 2 8:1 / / rw - ext4 /dev/sda rw'),
      undefined,
    )
  })
})
