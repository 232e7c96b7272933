import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RequestView, startServerSpan } from 'spoor/http'
import { type MockSpan, MockTracer } from 'spoor/testing'

function urlOf(fields: Partial<RequestView>, options = {}): unknown {
  const tracer = new MockTracer({ strictExtract: false })
  const request = { method: 'GET', url: '/orders', headers: {}, serverName: 'localhost', ...fields }
  return (startServerSpan(request, { tracer, ...options }) as MockSpan).tags['http.url']
}

describe('OPI-A09: the URL of a request is put together from what there is', () => {
  const cases: [title: string, fields: Partial<RequestView>, expected: string][] = [
    ['the port of the server, as a number', { serverPort: 8888 }, 'http://localhost:8888/orders'],
    ['the port of the server, as text', { serverPort: '8888' }, 'http://localhost:8888/orders'],
    ['the port that http implies', { serverPort: 80 }, 'http://localhost/orders'],
    ['the port that https implies', { scheme: 'https', serverPort: '443' }, 'https://localhost/orders'],
    ['the port of the other scheme', { scheme: 'https', serverPort: 80 }, 'https://localhost:80/orders'],
    [
      'Host, before the name and the port of the server',
      { headers: { Host: 'example.org:8080' }, serverPort: 8888 },
      'http://example.org:8080/orders',
    ],
    [
      'a path with what may not stand in one',
      { url: '/öffentlich/a b/100%25/"x"', serverPort: 80 },
      'http://localhost/%C3%B6ffentlich/a%20b/100%25/%22x%22',
    ],
    [
      'a query, as it came',
      { url: '/orders?q=a b&x=%C3%B6&&', serverPort: 80 },
      'http://localhost/orders?q=a b&x=%C3%B6&&',
    ],
  ]
  for (const [title, fields, expected] of cases) it(title, () => assert.equal(urlOf(fields), expected))

  const more: [title: string, fields: Partial<RequestView>, expected: string | undefined][] = [
    [
      'a query with secrets',
      { url: '/?a=1&token=t&Password=p' },
      'http://localhost/?a=1&token=REDACTED&Password=REDACTED',
    ],
    [
      'the absolute form, without its credentials',
      { url: 'https://u:p@shop.example/x?y=1', headers: { host: 'shop.example' } },
      'https://shop.example/x?y=1',
    ],
    [
      'the absolute form, without Host',
      { url: 'https://u:p@shop.example:8443/x', serverName: undefined },
      'https://shop.example:8443/x',
    ],
    [
      'a server that is known by an address of IPv6',
      { serverName: '::1', serverPort: 8080 },
      'http://[::1]:8080/orders',
    ],
    ['half of a surrogate pair', { url: '/\ud800' }, 'http://localhost/%EF%BF%BD'],
    ['OPTIONS *', { method: 'OPTIONS', url: '*' }, 'http://localhost'],
    ['no host at all', { serverName: undefined }, undefined],
  ]
  for (const [title, fields, expected] of more) it(title, () => assert.equal(urlOf(fields), expected))
})

describe('OPI-A09: proxies are believed where that is asked for, and nowhere else', () => {
  const host = { host: 'inner:3000' }
  const cases: [title: string, headers: { [name: string]: string }, expected: string][] = [
    ['Forwarded', { forwarded: 'proto=https;host=shop.example' }, 'https://shop.example/orders'],
    [
      'the first of several',
      { forwarded: 'proto=https;host=a.example, proto=http;host=b.example' },
      'https://a.example/orders',
    ],
    [
      'names in any case, values in quotes',
      { forwarded: 'PROTO="HTTPS";Host="shop.example:8443"' },
      'https://shop.example:8443/orders',
    ],
    [
      'X-Forwarded-Proto and -Host',
      { 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'shop.example, x' },
      'https://shop.example/orders',
    ],
    [
      'Forwarded before the others',
      { forwarded: 'host=a.example', 'x-forwarded-host': 'b.example', 'x-forwarded-proto': 'https' },
      'https://a.example/orders',
    ],
    ['what is no scheme and no host', { forwarded: 'proto=gopher;host="a/b"' }, 'http://inner:3000/orders'],
    [
      'what is no Forwarded',
      { forwarded: 'proto=https;;host', 'x-forwarded-host': 'b.example' },
      'http://b.example/orders',
    ],
    ['nothing', {}, 'http://inner:3000/orders'],
  ]
  for (const [title, headers, expected] of cases) {
    it(title, () => {
      const all = { ...host, ...headers }
      assert.equal(urlOf({ headers: all }, { trustProxy: true }), expected)
      assert.equal(urlOf({ headers: all }), 'http://inner:3000/orders')
    })
  }

  it('for the client too: addresses with and without port, not what hides itself', () => {
    const peerOf = (headers: { [name: string]: string }): unknown[] => {
      const tracer = new MockTracer({ strictExtract: false })
      const request = { method: 'GET', url: '/', headers, remoteAddress: '10.0.0.1', remotePort: 5 }
      const { tags } = startServerSpan(request, { tracer, trustProxy: true }) as MockSpan
      return [tags['peer.address'], tags['peer.port']]
    }
    assert.deepEqual(peerOf({ forwarded: 'for=192.0.2.43:47011, for=10.0.0.2' }), ['192.0.2.43', 47011])
    assert.deepEqual(peerOf({ forwarded: 'For="[2001:db8:cafe::17]:4711"' }), ['2001:db8:cafe::17', 4711])
    assert.deepEqual(peerOf({ 'x-forwarded-for': '2001:db8::1, 10.0.0.2' }), ['2001:db8::1', undefined])
    assert.deepEqual(peerOf({ 'x-forwarded-for': '192.0.2.43' }), ['192.0.2.43', undefined])
    for (const hidden of ['for=unknown', 'for=_hidden', 'for="; drop"', 'for=']) {
      assert.deepEqual(peerOf({ forwarded: hidden }), ['10.0.0.1', 5])
    }
    assert.deepEqual(peerOf({ forwarded: `for=${'"\\'.repeat(50_000)}` }), ['10.0.0.1', 5])
  })
})
