// The three keys of a node that starts: opened beside each other, all or none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { type NodeKey, nodeKeyThing } from '../../proto/node-keys.ts'
import { sealToPassphrase } from '../../proto/seal.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { openNodeKeys } from '../../signer-node/own-keys.ts'
import { PassphraseWay } from '../../signer-node/way-in.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const owner = { org: parseHandle('acme'), env: 'test', node: parseHandle('node-1') } as const
const cost = { n: 2 ** 15, r: 8, p: 1 }
const passphrase = toUtf8('a passphrase of this node')
const keys = ['identity', 'witness', 'secret'] as const
const place = mkdtempSync(join(tmpdir(), 'custody-own-keys-'))
const paths = Object.fromEntries(keys.map((key) => [key, join(place, key)])) as Record<
  (typeof keys)[number],
  string
>

function write(key: NodeKey, as: NodeKey, plain: Uint8Array): string {
  const { org, env, node } = owner
  const thing = nodeKeyThing({ org, env, owner: node }, as)
  const path = join(place, `${key}-as-${as}-${plain.length}`)
  const fresh = { dek: random(32), salt: random(16) }
  writeFileSync(path, sealToPassphrase(thing, plain, { passphrase, cost }, fresh))
  return path
}

/** What opens them, and every secret that came out of it. */
function watched() {
  using word = new Secret(passphrase.slice())
  const way = new PassphraseWay(word, cost, random)
  const opened: Secret[] = []
  const opening: PassphraseWay['opening'] = function* (bytes, thing) {
    const secret = yield* way.opening(bytes, thing)
    opened.push(secret)
    return secret
  }
  return { way: { opening }, opened, [Symbol.dispose]: () => way[Symbol.dispose]() }
}

const plain = new Map(keys.map((key, at) => [key, new Uint8Array(32).fill(at + 1)]))
beforeAll(() => {
  for (const key of keys) paths[key] = write(key, key, plain.get(key)!)
})
afterAll(() => rmSync(place, { recursive: true }))

describe('the keys of a node', () => {
  it('open together, each as what it is', async () => {
    using ports = watched()
    const found = await openNodeKeys(paths, owner, ports.way)
    for (const key of keys) expect(found[key].bytes).toEqual(plain.get(key))
  })

  it.each<readonly [string, (typeof keys)[number], () => string, RegExp]>([
    ['one is another', 'witness', () => paths.identity, /does not open here/],
    ['the last is another', 'secret', () => paths.identity, /does not open here/],
    [
      'one is too short',
      'secret',
      () => write('secret', 'secret', random(31)),
      /expected 32 bytes/,
    ],
    ['one is not there', 'identity', () => join(place, 'nowhere'), /ENOENT/],
  ])('stay closed, and are wiped, when %s', async (_what, key, path, why) => {
    using ports = watched()
    const opening = openNodeKeys({ ...paths, [key]: path() }, owner, ports.way)
    await expect(opening).rejects.toThrow(why)
    expect(ports.opened.length).toBeGreaterThan(0)
    for (const secret of ports.opened) expect(() => secret.bytes).toThrow()
  })
})
