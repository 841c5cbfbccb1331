// A control proof in a whole house: asked for, approved by people over the very sentence, signed by
// t nodes that each made it for themselves, in the log by one line, checked by a stranger.
import { recoverAddress, Signature } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { vaultService } from '../../coordinator/service/vault.ts'
import { controlProof } from '../../policy/control-proof.ts'
import { openProof, proofFile } from '../../policy/proof-file.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { House } from '../kit/house.ts'
import { approved, ask, board, keyOf, pays, proofOf } from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'prove' })
})
afterAll(() => house.close())

describe('a control proof', () => {
  it('is signed when people have approved its sentence, and not before', async () => {
    await ready(house)
    const change = await proofOf(house)
    const id = await ask(house, change)
    await house.pass(10_000)
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    for (const [person, role] of board) await house.approve(id, person, role)
    await house.untilState(id, 'ACTIVE')
    const [line] = linesOf(await house.story(id), 'key.proved')
    const { text, digest } = controlProof(change, await keyOf(house), 'eip155:31337')
    expect(line?.body.digest).toEqual(digest)
    expect(line?.body.receipts).toHaveLength(2)
    // What the audience gets, by a library that knows nothing of us.
    const { signature } = line!.body
    const said = openProof(proofFile({ sentence: text, signature }))
    const [r, s] = [signature.slice(0, 32), signature.slice(32, 64)]
    const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`
    const foreign = Signature.from({ r: hex(r), s: hex(s), yParity: signature[64] as 0 | 1 })
    expect(recoverAddress(digest, foreign).toLowerCase()).toBe(said.address)
  })

  it('is no line of the life of the key, and payments go on beside it', async () => {
    const { GetVault } = vaultService(house.someCoordinator)
    const answer = await house.during(Promise.resolve(GetVault({ vault: 'hot' }, service)))
    if (isRefusal(answer)) throw new Error(answer.because)
    expect(answer.vault?.later).toEqual([])
    await pays(house)
  })

  it('of an address is signed by whoever else is there when a node is away', async () => {
    house.at('signer-a').kill()
    const id = await approved(house, await proofOf(house, 'm/0/7'))
    await house.untilState(id, 'ACTIVE')
    const signers = house.record.sharesOf(id).map(({ node }) => node)
    expect(signers.sort()).toEqual(['signer-b', 'signer-c'])
    house.at('signer-a').start()
    await pays(house)
    expect(await breaches(house)).toEqual([])
  })
})

const service = { role: 'caller', id: 'service', deadlineMs: 0 } as never
