// The door through which the CLI sees a chain: endpoints of its own, from a file that does not come
// from the coordinator, because whoever watches the house or audits it must not ask the house.
// Two have to say the same; a development cluster may have one.
import { readFileSync } from 'node:fs'
import { Endpoint } from '../coordinator/chain-rpc/endpoint.ts'
import { type Look, openLook } from '../coordinator/chain-rpc/look.ts'
import { type Env, parseNetwork } from '../policy/intent.ts'
import { distinct, endpoints, readConfig } from '../proto/config.ts'
import { refuse } from '../proto/refusal.ts'
import { integer, literal, object, type Reader, text } from '../proto/shape.ts'
import { type Args, required, type World } from './verb.ts'

export type { Block, Look } from '../coordinator/chain-rpc/look.ts'

export const looksOptions = { endpoints: { type: 'string' } } as const

const answerBytesMax = 4_194_304
const timeoutMs = 10_000
const witnesses = 2

const network: Reader<string> = (value, path) => {
  const read = parseNetwork(text(48)(value, path))
  if (read.startsWith('eip155:')) return read
  return refuse('NOT_SUPPORTED', `${path}: balances are read on EVM networks, got ${read}`)
}

const shape = object({
  format: literal('custody-endpoints/v1'),
  chains: distinct(
    object({ network, rpc: endpoints, confirmations: integer(0, 10_000) }),
    (chain) => chain.network,
  ),
})

/** By network, from the file of `--endpoints`. */
export function openLooks(args: Args, env: Env, world: World): ReadonlyMap<string, Look> {
  const { chains } = readConfig(readFileSync(required(args, 'endpoints'), 'utf8'), shape)
  return new Map(
    chains.map((chain) => {
      const { rpc, confirmations } = chain
      if (rpc.length < witnesses && env !== 'dev') {
        refuse('CONFIG', `${chain.network}: expected two endpoints, or nobody agrees`)
      }
      const chainId = `0x${BigInt(chain.network.replace(/^eip155:/, '')).toString(16)}`
      const askers = rpc.map((url, at) => {
        const name = `endpoint ${at + 1} of ${chain.network}`
        const watch = { now: world.nowMs, report: () => {} }
        return new Endpoint({ url, name, chainId, timeoutMs, answerBytesMax, ...watch })
      })
      const needed = Math.min(witnesses, rpc.length)
      return [chain.network, openLook({ askers, witnesses: needed, confirmations })] as const
    }),
  )
}
