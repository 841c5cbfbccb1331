import { describe, expect, it } from 'vitest'
import { ascii, u16 } from '../../signer-node/dkls23/bytes.ts'
import {
  type CommitmentScope,
  commit,
  requireOpening,
} from '../../signer-node/dkls23/commitment.ts'
import { encode, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { nodes } from '../kit/protocol.ts'
import { hex } from '../kit/vectors.ts'

const [one, two] = nodes(1, 2)
const SCOPE: CommitmentScope = { sid: new Uint8Array(32), committer: two!, label: 'deal' }
const VALUE = ascii('value')
const SALT = new Uint8Array(32).fill(9)
const COMMITMENT = commit(SCOPE, VALUE, SALT)

describe('a commitment', () => {
  it('opens to its value', () => {
    expect(() => requireOpening(SCOPE, COMMITMENT, VALUE, SALT)).not.toThrow()
  })

  it.each<[string, Partial<CommitmentScope>, Uint8Array, Uint8Array]>([
    ['another value', {}, ascii('valve'), SALT],
    ['another salt', {}, VALUE, new Uint8Array(32)],
    ['another session', { sid: new Uint8Array(32).fill(1) }, VALUE, SALT],
    ['another label', { label: 'R' }, VALUE, SALT],
    ['another index', { committer: { ...two!, x: one!.x } }, VALUE, SALT],
    ['another node id', { committer: { ...two!, nodeId: one!.nodeId } }, VALUE, SALT],
  ])('does not open with %s, and its committer is at fault (A28)', (_name, change, value, salt) => {
    const scope = { ...SCOPE, ...change }
    expect(() => requireOpening(scope, COMMITMENT, value, salt)).toThrow(
      expect.objectContaining({
        reason: 'commitment',
        remedy: 'fault',
        culprit: scope.committer.x,
      }),
    )
  })

  it('is the hash under its own tag of session, committer, label, value and salt, in this order', () => {
    const { sid, committer, label } = SCOPE
    const parts = [sid, committer.nodeId, u16(committer.x), label, VALUE, SALT]
    expect(hex(COMMITMENT)).toBe(hex(sha256(encode('commit', parts))))
  })

  it('hides its value behind the salt', () => {
    expect(hex(commit(SCOPE, VALUE, new Uint8Array(32)))).not.toBe(hex(COMMITMENT))
  })

  it('has a salt of 32 bytes', () => {
    expect(() => commit(SCOPE, VALUE, new Uint8Array(31))).toThrow(RangeError)
  })
})
