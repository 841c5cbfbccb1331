// A token is taken out of a node: out of every file, then out of the configuration, by another token
// that is here; never the last, and never half.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseHandle } from '../../proto/ids.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { parseSignerConfig } from '../../signer-node/config.ts'
import { enrolToken } from '../../signer-node/hsm/enrol.ts'
import { retireToken, testNode } from '../../signer-node/hsm-files.ts'
import { openStore } from '../../signer-node/places.ts'
import { makeCluster, type Place } from '../kit/cluster.ts'
import { refusal } from '../kit/refused.ts'
import { enrolledNode, type SealedNode, sealNode } from '../kit/sealed-node.ts'
import { loggedIn, makeToken, random, secretPin, type TestToken } from '../kit/tokens.ts'

let place: Place
let [daily, spare]: TestToken[] = []
let node: SealedNode
beforeAll(async () => {
  place = await makeCluster()
  daily = await makeToken('software')
  spare = await makeToken('software')
  node = await enrolledNode(place, 'node-1', daily)
  const about = { org: parseHandle('acme-dev'), env: 'dev', node: parseHandle('node-1') } as const
  await using hsm = await loggedIn(spare)
  const wish = { ...about, id: parseHandle('token-2'), gaps: [], profile: undefined }
  writeFileSync(join(node.directory, 'token-2.json'), await enrolToken(hsm, wish, random))
}, 60_000)
afterAll(() => {
  place.remove()
  daily?.remove()
  spare?.remove()
})

const digest = (name: string) => parseTokenCard(readFileSync(join(node.directory, name))).digest
const both = () => ({
  tokens: ['token-1.json', 'token-2.json'].map((file) => ({ file, digest: digest(file) })),
})
const configured = () => parseSignerConfig(readFileSync(node.file, 'utf8'), node.directory)
const keys = ['identity', 'witness', 'secret']
const files = () => keys.map((key) => readFileSync(join(node.directory, `keys/${key}.seal`)))
const stanzas = () => files().map((bytes) => parseSeal(bytes).stanzas.length)
const wish = { random, isAcknowledged: false }

async function retire(id: string, token = daily!): Promise<string> {
  using pin = secretPin(token.pin)
  return await refusal(retireToken({ file: node.file, config: configured() }, id, pin, wish))
}

describe('a token of two', () => {
  beforeEach(async () => {
    node.configure(both())
    if (stanzas().some((count) => count !== 2)) {
      // Sealed anew by the one that is here, to both.
      await sealNode({ ...node, configure: () => node.configure(both()) })
    }
    expect(stanzas()).toEqual([2, 2, 2])
  })

  it('is gone from every file and from the configuration, and the other opens all', async () => {
    expect(await retire('token-2')).toBe('accepted')
    expect(stanzas()).toEqual([1, 1, 1])
    const config = configured()
    expect(config.keystore).toMatchObject({
      tokens: [{ file: join(node.directory, 'token-1.json'), digest: digest('token-1.json') }],
    })
    using pin = secretPin(daily!.pin)
    expect(await testNode(config, pin, wish)).toMatchObject({ token: 'token-1' })
    const names = readdirSync(node.directory).filter((name) => name.endsWith('.new'))
    expect(names).toEqual([])
  })

  it('that is unknown, or the only one that is here, changes nothing', async () => {
    const before = [...files(), readFileSync(node.file)]
    expect(await retire('token-9')).toBe(
      'CONFIG: no token token-9 in the configuration: it has token-1, token-2',
    )
    // The module of the configuration has the daily one; who retires it needs the spare.
    expect(await retire('token-1')).toMatch(/^TOKEN_/)
    expect([...files(), readFileSync(node.file)]).toEqual(before)
  })

  it('does not come back by a command that was begun before it was taken out', async () => {
    const config = configured()
    node.configure({ tokens: both().tokens.slice(0, 1) })
    const before = [...files(), readFileSync(node.file)]
    using pin = secretPin(daily!.pin)
    expect(await refusal(retireToken({ file: node.file, config }, 'token-2', pin, wish))).toBe(
      'CONFIG: the configuration changed meanwhile: give the command again',
    )
    expect([...files(), readFileSync(node.file)]).toEqual(before)
  })

  it('of a running node stays where it is', async () => {
    const before = [...files(), readFileSync(node.file)]
    const store = openStore(configured())
    using pin = secretPin(daily!.pin)
    const trying = retireToken({ file: node.file, config: configured() }, 'token-2', pin, wish)
    await expect(trying).rejects.toThrow('another process holds this database')
    store.close()
    expect([...files(), readFileSync(node.file)]).toEqual(before)
  })
})

describe('the last token', () => {
  it('is never taken out', async () => {
    const config = node.configure()
    const before = files()
    using pin = secretPin(daily!.pin)
    expect(await refusal(retireToken({ file: node.file, config }, 'token-1', pin, wish))).toBe(
      'CONFIG: token-1 is the last token: nothing would open the files',
    )
    expect(files()).toEqual(before)
  })
})
