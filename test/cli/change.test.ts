// Asking for changes and deciding on them from the command line: every fact comes from lines that
// the nodes signed, every text is rendered here.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { parseChange } from '../../policy/change.ts'
import { controlProof } from '../../policy/control-proof.ts'
import { displayDigest } from '../../policy/display.ts'
import { fromHex, toHex, toUtf8 } from '../../proto/crypto.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { importDocuments } from '../fuzz/examples.ts'
import { signature } from '../kit/audit-log.ts'
import { custody, makeCluster, type Place, type TestWorld, testWorld } from '../kit/cluster.ts'
import { hotAddress, vaultOf } from '../kit/cluster-vault.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'

let place: Place
let house: FakeCoordinator
beforeAll(async () => {
  place = await makeCluster(await freePort())
  house = await fakeCoordinator(place)
})
afterAll(async () => {
  await house.close()
  place.remove()
})
beforeEach(() => house.beHonest())

const by = (who: string) => (words: readonly string[], world?: TestWorld) =>
  custody(place, `people/${who}`, words, world)
const [ana, jun] = [by('ana'), by('jun')]
const because = ['--purpose', 'care of a key']
const recipient = 'ab'.repeat(32)

function sentOf(id: string) {
  return parseChange(toUtf8(house.requests.get(id)!.signed.document)).change
}

async function asked(words: readonly string[]): Promise<string> {
  const answer = await ana([...words, ...because])
  expect(answer.exit, JSON.stringify(answer.json)).toBe(0)
  return answer.json.id
}

describe('asking for a change', () => {
  it('takes epoch, key state and holders from the lines that the nodes signed', async () => {
    const keyState = 'ab'.repeat(32)
    expect(sentOf(await asked(['vault', 'refresh', 'hot']))).toMatchObject({
      op: 'key.refresh',
      vault: 'hot',
      initiator: 'ana',
      terms: { epoch: 1, keyState },
    })
    const reshare = ['vault', 'reshare', 'hot', '--dealers', 'node-3,node-1']
    expect(sentOf(await asked(reshare))).toMatchObject({
      op: 'key.reshare',
      terms: { from: 1, keyState, dealers: ['node-1', 'node-3'], t: 2 },
    })
    expect(sentOf(await asked(['vault', 'export', 'hot', '--recipient', recipient]))).toMatchObject(
      {
        op: 'key.export',
        terms: { keyState },
      },
    )
    expect(sentOf(await asked(['vault', 'destroy', 'hot']))).toMatchObject({
      op: 'key.destroy',
      terms: { epoch: 1, keyState },
    })
    expect(sentOf(await asked(['node', 'readmit', 'node-1', 'node-2']))).toMatchObject({
      op: 'peer.readmit',
      vault: 'all',
      terms: { node: 'node-1', peer: 'node-2' },
    })
  })

  it('shows the whole sentence of a control proof before it is signed', async () => {
    const world = testWorld()
    const words = ['vault', 'prove', 'hot', '--audience', 'auditor', '--path', 'm/0/7', ...because]
    const answer = await ana([...words, '--challenge', recipient], world)
    const sent = sentOf(answer.json.id)
    expect(sent).toMatchObject({
      op: 'key.prove',
      terms: { epoch: 1, path: 'm/0/7', audience: 'auditor' },
    })
    const said = world.said.join('')
    expect(said).toContain('CHANGE    sign a proof of control\n')
    expect(said).toContain(`          challenge: ${recipient}\n`)
    expect((await ana(words)).exit).toBe(0)
    expect((await ana([...words, '--challenge', 'zz'])).json.refused.code).toBe('MALFORMED')
    const path = [...words.slice(0, 5), '--path', "m/44'", ...because]
    expect((await ana(path)).json.refused.code).toBe('MALFORMED')
    expect((await ana(['vault', 'prove', 'hot', ...because])).exit).toBe(2)
  })

  it('brings in exactly the key that was dealt, and sends the dealing along', async () => {
    const { publicKey } = vaultOf(place, 'hot')
    const { org, env } = sentOf(await asked(['vault', 'refresh', 'hot']))
    const none = { ...vaultOf(place, 'hot'), line: new Uint8Array(0) }
    house.lies.VaultService = { GetVault: async () => ({ vault: none }) }
    const dealing = {
      ...importDocuments.dealing,
      ...{ org, env, vault: 'hot' },
      coefficients: [publicKey, importDocuments.dealing.coefficients[1]],
    }
    const write = (name: string, document: object): string => {
      writeFileSync(place.path(name), encode(document as JsonObject))
      return place.path(name)
    }
    const words = ['vault', 'import', 'hot', '--dealing', write('hot.dealing', dealing)]
    const sent = sentOf(await asked(words))
    expect(sent).toMatchObject({
      op: 'key.import',
      vault: 'hot',
      terms: { commitments: dealing.commitments },
    })
    expect('nonces' in sent.terms).toBe(false)
    const used = sentOf(await asked([...words, '--nonces', 'm/0/3=4,m=57']))
    expect(used.terms).toMatchObject({
      nonces: [
        { path: 'm', next: 57 },
        { path: 'm/0/3', next: 4 },
      ],
    })
    for (const bad of ['57', 'm=0', 'm=057', 'm=1.5', 'm=57,', "m/44'=1"]) {
      expect((await ana([...words, '--nonces', bad, ...because])).exit, bad).toBe(2)
    }
    expect((await ana([...words, '--nonces', 'm=5,m=6', ...because])).json.refused.code).toBe(
      'INVALID_INTENT',
    )
    const refused = async (document: object) => {
      const file = write('bent.dealing', document)
      const answer = await ana(['vault', 'import', 'hot', '--dealing', file, ...because])
      return answer.json.refused.code
    }
    const coefficients = [`05${publicKey.slice(2)}`, dealing.coefficients[1]]
    expect(await refused({ ...dealing, coefficients })).toBe('MALFORMED')
    expect(await refused({ ...dealing, vault: 'warm' })).toBe('DEALING')
    expect(await refused({ ...dealing, org: 'else' })).toBe('DEALING')
    expect(await refused({ ...dealing, extra: 1 })).toBe('MALFORMED')
    house.beHonest()
    expect((await ana([...words, ...because])).json.refused.code).toBe('KEY_EXISTS')
  })

  it('shows what will be signed before it is, and says what comes next', async () => {
    const world = testWorld()
    const answer = await ana(['vault', 'refresh', 'hot', ...because], world)
    expect(world.said.join('')).toContain('CHANGE    refresh the shares of a key\n')
    expect(world.said.join('')).toContain(`ADDRESS   ${hotAddress}\n`)
    expect(answer.json.next).toContain(`custody approve ${answer.json.id}`)
  })

  it('asks for a new key where the vault has none, and says at once what nobody would grant', async () => {
    const refused = async (...words: readonly string[]) =>
      (await ana([...words, ...because])).json.refused.because
    expect(await refused('vault', 'create', 'hot')).toBe('hot has a key')
    expect(await refused('node', 'readmit', 'node-1', 'node-7')).toBe(
      'node-7 is no node of the root',
    )
    const few = await refused('vault', 'reshare', 'hot', '--dealers', 'node-1')
    expect(few).toContain('expected at least 2 holders')
    const none = { ...vaultOf(place, 'warm'), line: new Uint8Array(0) }
    house.lies.VaultService = { GetVault: async () => ({ vault: none }) }
    const sent = sentOf(await asked(['vault', 'create', 'warm']))
    expect(sent).toMatchObject({ op: 'key.create', vault: 'warm', terms: {} })
    house.beHonest()
  })

  it('waits until it is in force when told to', async () => {
    const id = await asked(['vault', 'refresh', 'hot', '--id', 'waited'])
    const kept = house.requests.get(id)!
    house.lies.SigningService = {
      SubmitIntent: async () => ({ request: kept.request }),
      GetRequest: async () => ({ request: { ...kept.request, state: 'ACTIVE' } }),
    }
    const answer = await ana(['vault', 'refresh', 'hot', '--wait', '5', ...because])
    expect(answer.json.next).toContain('it is in force')
    house.lies.SigningService = {
      SubmitIntent: async () => ({ request: { ...kept.request, state: 'DENIED' } }),
    }
    const denied = await ana(['vault', 'refresh', 'hot', ...because])
    expect(denied).toMatchObject({ exit: 1 })
    expect(denied.json.next).toContain('nothing was changed')
  })

  it('is refused for a key that nobody proves, or that is not there', async () => {
    const refused = async (words: readonly string[]) => (await ana([...words, ...because])).json
    const hot = vaultOf(place, 'hot')
    const lie = (vault: object | null) => {
      house.lies.VaultService = { GetVault: async () => ({ vault: vault as typeof hot | null }) }
      return refused(['vault', 'refresh', 'hot'])
    }
    const forged = toUtf8(new TextDecoder().decode(hot.line).replace('"epoch":1', '"epoch":2'))
    expect((await lie({ ...hot, line: forged })).refused.code).toBe('PARTICIPANTS')
    expect((await lie({ ...hot, line: vaultOf(place, 'warm').line })).refused.code).toBe(
      'BYTES_FROM',
    )
    expect((await lie(vaultOf(place, 'warm'))).refused.code).toBe('VAULT_NOT_FOUND')
    expect((await lie({ ...hot, line: new Uint8Array(0) })).refused.code).toBe('VAULT_NOT_FOUND')
    expect((await lie(null)).refused.code).toBe('VAULT_NOT_FOUND')
    house.beHonest()
    const strangers = await ana(['vault', 'reshare', 'hot', '--dealers', 'node-9', ...because])
    expect(strangers.exit).toBe(2)
    expect((await ana(['vault', 'refresh', 'hot'])).exit).toBe(2)
  })
})

describe('deciding on a change', () => {
  it('renders it here, and has the operation and the vault typed again', async () => {
    const id = await asked(['vault', 'refresh', 'hot', '--id', 'decided'])
    const found = (await jun(['pending'])).json.pending.find((one: { id: string }) => one.id === id)
    expect(found).toMatchObject({ op: 'key.refresh', vault: 'hot', rule: 'governance.key' })
    const shown = await jun(['show', id])
    expect(shown.json.text).toContain('refresh the shares of a key')
    expect(shown.json.display).toBe(displayDigest(shown.json.text))

    const slip = testWorld(['key.refresh warm'])
    const wrong = await jun(['approve', id], slip)
    expect(slip.asked.join()).toContain('the operation and vault, as key.refresh VAULT')
    expect(wrong.json.refused.code).toBe('REFUSED')
    expect(house.decisions.some(({ document }) => document.includes(id))).toBe(false)
    const yes = await jun(['approve', id], testWorld(['key.refresh hot']))
    expect(yes.exit, JSON.stringify(yes.json)).toBe(0)
    const [signed] = house.decisions.filter(({ document }) => document.includes(id))
    expect(JSON.parse(signed!.document)).toMatchObject({
      as: 'director',
      display: shown.json.display,
      intent: id,
      rule: 'governance.key',
    })
  })

  it('asks once more where harm could not be undone', async () => {
    const out = await asked(['vault', 'export', 'hot', '--recipient', recipient, '--id', 'out'])
    const one = await jun(['approve', out], testWorld(['key.export hot', 'ffffff']))
    expect(one.json.refused.because).toContain('recipient')
    expect((await jun(['approve', out], testWorld(['key.export hot', 'ababab']))).exit).toBe(0)
    const end = await asked(['vault', 'destroy', 'hot', '--id', 'end'])
    const two = await jun(['reject', end], testWorld(['key.destroy hot', 'ffffff']))
    expect(two.json.refused.because).toContain('address')
    const tail = hotAddress.slice(-6)
    expect((await jun(['reject', end], testWorld(['key.destroy hot', tail]))).exit).toBe(0)
    const peers = await asked(['node', 'readmit', 'node-1', 'node-2', '--id', 'peers'])
    expect((await jun(['approve', peers], testWorld(['node-1 node-2']))).exit).toBe(0)
  })

  it('is refused to whom the section does not ask, and for a text that is not proved', async () => {
    const id = await asked(['vault', 'refresh', 'hot', '--id', 'asked'])
    expect((await by('bo')(['approve', id, '--yes'])).json.refused.code).toBe('APPROVAL_SCOPE')
    const hot = vaultOf(place, 'hot')
    const forged = toUtf8(new TextDecoder().decode(hot.line).replace('"epoch":1', '"epoch":2'))
    house.lies.VaultService = { GetVault: async () => ({ vault: { ...hot, line: forged } }) }
    expect((await jun(['approve', id, '--yes'])).json.refused.code).toBe('PARTICIPANTS')
  })
})

describe('a control proof that was signed', () => {
  const network = 'eip155:31337'

  /** Signed by the one whose key every test cluster has. */
  async function proved(secret = 1): Promise<string> {
    const id = await asked(['vault', 'prove', 'hot', '--audience', 'auditor'])
    const change = sentOf(id)
    if (change.op !== 'key.prove') throw new Error(change.op)
    const { publicKey, chainCode, key } = vaultOf(place, 'hot')
    const row = { key, publicKey: fromHex(publicKey)!, chainCode: fromHex(chainCode)! }
    const { digest } = controlProof(change, row as never, network)
    const whole = new Uint8Array(32)
    whole[31] = secret
    const line = house.add({
      type: 'key.proved',
      body: {
        change: id,
        order: id,
        attempt: 1,
        digest: toHex(digest),
        ...{ epoch: 1, keyState: change.terms.keyState, receipts: [], sid: id },
        signature: signature('', toHex(digest), whole),
        vault: 'hot',
      },
    })
    const { request } = house.requests.get(id)!
    house.lies.SigningService = {
      GetRequest: async () => ({ request: { ...request, state: 'ACTIVE', seq: line.seq } }),
    }
    return id
  }

  it('is written out for its audience, and checked by anybody without a network', async () => {
    const id = await proved()
    const out = place.path('hot.proof')
    const fetched = await ana(['vault', 'proof', id, '--out', out])
    expect(fetched.exit, JSON.stringify(fetched.json)).toBe(0)
    expect(fetched.json).toMatchObject({ vault: 'hot', audience: 'auditor', address: hotAddress })
    const check = async (file: string) => {
      const told = await run(['audit', 'proof', file], testWorld())
      const { stdout } = await run(['audit', 'proof', file, '--json'], testWorld())
      return { ...told, json: JSON.parse(stdout) }
    }
    const checked = await check(out)
    expect(checked.exit).toBe(0)
    expect(checked.stdout).toContain('the key of this address signed exactly this sentence\n')
    expect(checked.json).toMatchObject({ 'public key': vaultOf(place, 'hot').publicKey })
    const sentence = readFileSync(out, 'utf8')
    writeFileSync(place.path('bent.proof'), sentence.replace('auditor', 'auditos'))
    const bent = await check(place.path('bent.proof'))
    expect([bent.exit, bent.json.refused.code]).toEqual([1, 'BYTES_DIGEST'])
  })

  it('is not written where the coordinator shows another signature, request or line', async () => {
    const fetch = async (id: string) => {
      const out = place.path('none.proof')
      const answer = await ana(['vault', 'proof', id, '--out', out])
      expect(existsSync(out)).toBe(false)
      return answer.json.refused.code
    }
    expect(await fetch(await proved(2))).toBe('BYTES_DIGEST')
    const keyless = { ...vaultOf(place, 'hot'), line: new Uint8Array(0) }
    house.lies.VaultService = { GetVault: async () => ({ vault: keyless }) }
    // Asked for while the key was there, and the line is the log's newest.
    const known = [...house.requests.keys()].at(-1) ?? ''
    expect(await fetch(known)).toBe('VAULT_NOT_FOUND')
    house.beHonest()
    const id = await proved()
    const refresh = await asked(['vault', 'refresh', 'hot'])
    expect(await fetch(refresh)).toBe('BYTES_FROM')
    house.beHonest()
    expect(await fetch(refresh)).toBe('BYTES_FROM')
    expect(await fetch(id)).toBe('LINE_MISSING')
  })
})
