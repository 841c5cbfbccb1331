// The address of a cold vault at the service of its log, with real light witnesses: it comes with a
// certificate that a payer can check, or with the reason why not, and never without.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { handlersFor } from '../../coordinator/service.ts'
import { openAddress } from '../../policy/address-certificate.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { coldAddressKind } from '../../proto/address-documents.ts'
import { ed25519Signer, toUtf8 } from '../../proto/crypto.ts'
import { type NodeFrame, readSigned, writeSigned } from '../../proto/frames.ts'
import { parseHandle } from '../../proto/ids.ts'
import type { Caller } from '../../proto/io/identity.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { sign } from '../../proto/signed.ts'
import { digestFor, seedOf } from '../policy/dev-fixture.ts'
import { type ColdHouse, coldHouse, lights, root, stations } from './cold-house.ts'
import { RealLights } from './cold-lights.ts'
import { madeKey } from './cold-planned.ts'
import { publicKey } from './cold-room.ts'
import { pgliteEngine } from './store-kit.ts'
import { freezeOf } from './world.ts'

const engine = pgliteEngine()
let house: ColdHouse
let witnesses: RealLights
beforeAll(async () => {
  witnesses = new RealLights()
  house = await coldHouse(await engine.fresh(), undefined, undefined, witnesses.world)
})
afterEach(() => {
  witnesses.bend = (_name, frame) => frame
})
afterAll(async () => {
  await house.stop()
  witnesses.close()
})

const caller: Caller = {
  role: 'caller',
  id: parseHandle('svc-payouts'),
  pin: digestFor('tls/svc-payouts'),
}
const network = 'eip155:31337'
const address = evmAddress(publicKey)
const service = () => handlersFor(house.coordinator).VaultService

async function shown() {
  const reply = await house.during(Promise.resolve(service().GetVault({ vault: 'cold' }, caller)))
  if (isRefusal(reply) || reply.vault === null) throw new Error('no vault')
  const { vault } = reply
  // Both or neither, and never without a reason.
  expect(vault.address === '').toBe(vault.certificate.length === 0)
  return vault
}
const open = (file: Uint8Array) =>
  openAddress(file, root.digest, { nowMs: house.clock.now(), ageMsMax: limits.addressAgeMsMax })
/** What these witnesses say of addresses is something else, or nothing. */
const lying =
  (names: readonly string[], lie: (frame: NodeFrame) => NodeFrame | undefined) =>
  (name: string, frame: NodeFrame) =>
    frame.frame === 'certified' && names.includes(name) ? lie(frame) : frame

describe('the address of a cold vault at the service', () => {
  it('is none before its key, and with it comes in the words of q witnesses', async () => {
    expect(await shown()).toMatchObject({ epoch: 0, address: '', uncertified: '' })
    await madeKey(house)
    // A moment after the lines of the key each witness has heard that the others have seen them.
    await house.until('vouched for', async () => (await shown()).uncertified === '')
    const vault = await shown()
    expect(vault).toMatchObject({ address, uncertified: '', epoch: 1 })
    expect(open(vault.certificate)).toMatchObject({
      ...{ vault: 'cold', path: 'm', network, address },
      ...{ by: lights.slice(0, 2), needed: 2, confirmedBy: stations },
    })
    const list = await house.during(Promise.resolve(service().ListVaults({}, caller)))
    if (isRefusal(list)) throw new Error(list.because)
    expect(list.vaults.map((one) => open(one.certificate).address)).toEqual([address])
  })

  it('is given while one of three is away, silent or lies, and by no fewer than q', async () => {
    const [a, b] = lights as [string, string, string]
    const forge = (frame: NodeFrame): NodeFrame | undefined => {
      if (frame.frame !== 'certified') return frame
      const { ticket, certificates } = frame.certified
      const bent = certificates.map((one) => ({ ...one, document: one.document.slice(1) }))
      return { frame: 'certified', certified: { ticket, certificates: bent } }
    }
    // Signed as it should be, of a network on which nobody looks.
    const elsewhere = (frame: NodeFrame): NodeFrame | undefined => {
      if (frame.frame !== 'certified') return frame
      const { ticket, certificates } = frame.certified
      const bent = certificates.map(readSigned).map(({ document, credential }) => {
        const said = toUtf8(document.replace(network, 'eip155:1'))
        return sign(coldAddressKind.tag, said, credential, ed25519Signer(seedOf(credential)))
      })
      return { frame: 'certified', certified: { ticket, certificates: bent.map(writeSigned) } }
    }
    for (const lie of [() => undefined, forge, elsewhere]) {
      witnesses.bend = lying([a], lie)
      expect(open((await shown()).certificate).by).toEqual(lights.slice(1))
      witnesses.bend = lying([a, b], lie)
      const { address: none, uncertified } = await shown()
      expect(none).toBe('')
      expect(uncertified).toBe(`NOT_ENOUGH_WITNESSES: no word in time of ${a}, ${b}`)
    }
  })

  it('is none, and nobody is asked, of a key that others hold than the stations of the root', async () => {
    const row = await house.coordinator.driver.copy.read(get(tables.vault, 'cold'))
    if (row === undefined) throw new Error('no key')
    const [a, b, c] = row.participants
    const before = { row: { ...row, participants: [a!, b!, { ...c!, x: 4 }] }, network }
    const { certificates } = house.coordinator
    expect(await certificates.of(before, ['m'])).toMatchObject({ code: 'PARTICIPANTS' })
    const whole = await house.during(certificates.of({ row, network }, ['m']))
    expect(isRefusal(whole)).toBe(false)
  })

  it('is none while fewer than q witnesses are attached', async () => {
    for (const name of lights.slice(1)) witnesses.hangUp(name)
    const { uncertified } = await shown()
    expect(uncertified).toBe('NOT_ENOUGH_WITNESSES: expected 2 witnesses of cold, got light-a')
    await house.jump(1_000)
    expect((await shown()).uncertified).toBe('')
  })

  it('is no deposit address: a cold vault has one', async () => {
    const asked = service().CreateDepositAddress({ vault: 'cold', reference: 'c-1' }, caller)
    const reply = await house.during(Promise.resolve(asked))
    expect(isRefusal(reply) && reply.code).toBe('NOT_SUPPORTED')
  })

  it('is none while the vault is frozen: what was given out stays what it is', async () => {
    const { certificate } = await shown()
    const freeze = freezeOf('ana', 'cold', house.clock.now())
    expect(isRefusal(await house.during(house.coordinator.decisions.freeze(freeze)))).toBe(false)
    await house.pass(2_000)
    const { address: none, uncertified } = await shown()
    expect(none).toBe('')
    expect(uncertified).toMatch(/^REFUSED: light-. FROZEN: /)
    expect(open(certificate).address).toBe(address)
  })
})
