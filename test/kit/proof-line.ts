// The line of a control proof, signed by whoever has the key: no node does, tests do.
import { controlProof } from '../../policy/control-proof.ts'
import { proofFile } from '../../policy/proof-file.ts'
import { fromHex, toHex } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { digestNamed, signature } from './audit-log.ts'
import { type Asked, asks, hot, network } from './change-log.ts'
import { childSecret } from './child-secret.ts'

export function proofLine(asked: Asked, patch: JsonObject = {}, secret?: Uint8Array): JsonObject {
  const { change } = asked
  if (change.op !== 'key.prove') throw new Error(`no proof: ${change.op}`)
  const { digest } = controlProof(change, hot, network)
  const { vault, terms } = change
  const signed = signature(vault, toHex(digest), secret ?? childSecret(vault, terms.path))
  const { epoch, keyState } = hot
  const numbers = { attempt: 1, epoch, keyState, receipts: [], sid: digestNamed('session') }
  const said = { ...numbers, digest: toHex(digest), signature: signed, vault }
  return { ...asked.carried, ...said, ...patch }
}

/** The file of such a proof, as its audience has it. */
export function provedFile(): Uint8Array {
  const { vault, terms } = asks.prove
  const { text: sentence, digest } = controlProof(asks.prove, hot, network)
  const signed = signature(vault, toHex(digest), childSecret(vault, terms.path))
  return proofFile({ sentence, signature: fromHex(signed) ?? new Uint8Array() })
}
