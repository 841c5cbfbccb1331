// What Tron endpoints say of a broadcast (`Return.response_code` of api.proto), and what it is
// worth. No code ends anything: one that refuses may have lied, or somebody else took the same
// bytes. So whatever was said, the id is looked up and the same bytes are sent again, until a
// solidified block has them or two endpoints lack them after their life is over.
import { fromHex, fromUtf8, toHex } from '../../proto/crypto.ts'
import { requirePassing, silent } from './answers.ts'
import { field, show } from './post.ts'
import type { SendAnswer } from './rpc.ts'
import { type TronEndpoint, textField } from './tron-endpoint.ts'

/**
 * `taken`: it waits for a block there. `known`: it was there already. `unclear`: it may be on its
 * way or not. `refused`: as the endpoint sees things now it can land in no block.
 */
export type Meaning = 'taken' | 'known' | 'unclear' | 'refused'

const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['SUCCESS', 'taken'],
  ['DUP_TRANSACTION_ERROR', 'known'],
  // Too much to do, too few peers, or blocks that are not solidified fast enough.
  ['SERVER_BUSY', 'unclear'],
  ['NO_CONNECTION', 'unclear'],
  ['NOT_ENOUGH_EFFECTIVE_CONNECTION', 'unclear'],
  ['BLOCK_UNSOLIDIFIED', 'unclear'],
  ['OTHER_ERROR', 'unclear'],
  ['SIGERROR', 'refused'],
  // Its balance, or what else it has to hold; may be so no more after the next block.
  ['CONTRACT_VALIDATE_ERROR', 'refused'],
  ['CONTRACT_EXE_ERROR', 'refused'],
  // As java-tron spells it: no bandwidth, and no coin to burn for it.
  ['BANDWITH_ERROR', 'refused'],
  // Not on the branch that this endpoint follows.
  ['TAPOS_ERROR', 'refused'],
  ['TOO_BIG_TRANSACTION_ERROR', 'refused'],
  ['TRANSACTION_EXPIRATION_ERROR', 'refused'],
])

/** Every endpoint is asked. Throws `Unavailable` when none of them answers. */
export async function send(
  endpoints: readonly TronEndpoint[],
  raw: Uint8Array,
): Promise<SendAnswer> {
  const transaction = toHex(raw)
  const asked = endpoints.map(async (endpoint) => {
    const answer = await endpoint.ask('wallet/broadcasthex', { transaction })
    return { meaning: meaningOf(answer), words: `${endpoint.name}: ${wordsOf(answer)}` }
  })
  const answers = await Promise.allSettled(asked)
  for (const answer of answers) if (answer.status === 'rejected') requirePassing(answer.reason)
  const said = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  if (said.length === 0) throw silent()
  if (said.some(({ meaning }) => meaning === 'taken' || meaning === 'known')) {
    return { kind: 'taken' }
  }
  const isRefused = said.every(({ meaning }) => meaning === 'refused')
  const because = said.map(({ words }) => words).join('; ')
  return { kind: isRefused ? 'refused' : 'unclear', because }
}

/** A success is not always written, and a code that nobody knows says nothing. */
export function meaningOf(answer: unknown): Meaning {
  const [code, isTaken] = [textField(answer, 'code'), field(answer, 'result') === true]
  if (code === '') return isTaken ? 'taken' : 'unclear'
  const meaning = meanings.get(code) ?? 'unclear'
  return isTaken === (meaning === 'taken') ? meaning : 'unclear'
}

function wordsOf(answer: unknown): string {
  return `${show(textField(answer, 'code'))} ${spoken(textField(answer, 'message'))}`
}

/** Tron nodes write messages as hex, some of them as text. */
export function spoken(message: string): string {
  const bytes = fromHex(message)
  return show((bytes && fromUtf8(bytes)) || message || 'no reason')
}
