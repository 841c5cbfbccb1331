// Carrying out a control proof from the coordinator's side: what it is asked with, and how a number
// that a node has taken before is found. The rounds themselves are played in a house.
import { describe, expect, it } from 'vitest'
import { nextAttempt } from '../../coordinator/key-tries.ts'
import { Proving } from '../../coordinator/proving.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { asks, hot, rulebook } from '../kit/change-log.ts'
import { testKey } from '../kit/examples.ts'

const node = parseNodeId('node-a')

/** A node's no, as it comes back. */
function refused(code: string, expected: string) {
  const document = {
    format: 'custody-refusal/v1',
    ...{ org: 'acme', env: 'dev', node, intent: '', attempt: 1, warrant: '' },
    ...{ check: 'N1', code, expected, got: '1', size: 0, root: toHex(new Uint8Array(32)) },
  }
  return signBy(kinds.refusal, document, { node, sign: testKey('node-a').sign })
}

describe('the number of a try', () => {
  it('is the next one, or the first above any that a node says it has taken', () => {
    const stale = refused('STALE_ATTEMPT', 'expected an attempt above 40')
    expect(nextAttempt(3, { refusals: [] })).toBe(4)
    expect(nextAttempt(1, { refusals: [stale] })).toBe(41)
    expect(nextAttempt(50, { refusals: [stale] })).toBe(51)
    // Of an epoch, not of an attempt.
    const epoch = refused('EPOCH', 'expected an epoch above 40')
    expect(nextAttempt(1, { refusals: [epoch] })).toBe(2)
  })
})

describe('whoever drives control proofs', () => {
  const links = { signers: [] }
  const driver = new Proving({ links, tree: { size: 9 } } as never, {} as never)
  const drive = (change: object, vault: object | undefined = hot) =>
    driver.drive({ admitted: { change, vault }, rulebook } as never)

  it('drives nothing else', async () => {
    expect(await drive(asks.refresh)).toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  it('says that signers are missing, and asks nobody then', async () => {
    expect(await drive(asks.prove)).toMatchObject({ code: 'NOT_ENOUGH_SIGNERS' })
  })
})
