// Which digest stands behind the words that are read at a step: what the Plan, the log or the
// results of this sitting say, so that the Record station shows the words of the very thing.
// INVARIANT: a digest of something that is not there is a refusal, never words of nothing.
// Source: `policy/ceremony/readings.ts`, which the judge asks too.
import { signatureReading, tokenReading } from '../../policy/ceremony/readings.ts'
import type { Turn } from '../../policy/ceremony/script.ts'
import { fromHex } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { wordLines } from '../../proto/words.ts'
import type { RoomLog } from './room-log.ts'
import type { RoomResults } from './room-results.ts'

export function readingOf(
  { log, results }: { readonly log: RoomLog; readonly results: RoomResults },
  what: string,
  { vault, request, node }: Turn,
): Digest {
  const { plan, digest } = log.bundle.plan
  const signature = (type: string): Digest => {
    const made = results.find(type, request?.request ?? '')
    const bytes = fromHex(String(made?.['signature'] ?? '')) ?? refuse('VIEW', 'no signature')
    return signatureReading(bytes)
  }
  const isProof = request?.op === 'key.prove'
  switch (what) {
    case 'build':
      return plan.build.program
    case 'bundle':
      return log.digest
    case 'plan':
      return digest
    case 'main-log':
      return log.bundle.main?.root ?? refuse('PLAN', 'no head of the main log is here', 'X-8')
    case 'roster':
      return log.root.digest
    case 'request':
    case 'call-back':
      return request?.request ?? refuse('PLAN', 'these words are of a request')
    case 'key': {
      const types = ['key.created', 'key.refreshed', 'key.reshared']
      const made = types.map((type) => results.find(type, vault ?? '')).find((one) => one)
      return parseDigest(String(made?.['keyState'] ?? ''))
    }
    case 'address':
      return results.addressesRead(vault ?? '')
    case 'signature':
    case 'proof':
      return signature(isProof ? 'key.proved' : 'sign.completed')
    case 'token': {
      const station = plan.stations.find((one) => one.node === node)
      const daily = station?.tokens?.daily ?? refuse('PLAN', 'these words are of a token')
      return tokenReading(daily.identity)
    }
    default:
      return refuse('PLAN', `nobody here knows the words of ${what}`)
  }
}

/**
 * What a station shows of itself is shown here too: of the Plan, for whoever confirms it. Of the
 * main log how many lines there are under the words.
 */
export function wordsBeside(
  the: { readonly log: RoomLog; readonly results: RoomResults },
  turn: Turn,
): string {
  const { words } = turn.step
  const { main } = the.log.bundle
  if (words?.what === 'main-log' && main !== undefined)
    return `${main.size} lines of ${main.origin}`
  if (words?.what !== 'token') return ''
  const digest = readingOf(the, 'token', turn)
  return [`words of the token in the plan`, ...wordLines(digest, words.count)].join('\n  ')
}

/** Of the key that was made here, kept among the results, and shown in full. */
export function readAddress(
  { log, results }: { readonly log: RoomLog; readonly results: RoomResults },
  { vault }: Turn,
): string {
  if (vault === undefined) return refuse('PLAN', 'an address is of a vault')
  const made = results.find('key.created', vault)
  const publicKey = fromHex(String(made?.['publicKey'] ?? '')) ?? refuse('VIEW', 'no key')
  const address = log.address(vault, publicKey)
  results.read(vault, address)
  return `address of ${vault}: ${address}`
}
