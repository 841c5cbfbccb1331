// The door through which the CLI sees a chain: endpoints of its own, from a file that does not come
// from the coordinator, because whoever watches the house or audits it must not ask the house.
// Two have to say the same; a development cluster may have one.
import { readFileSync } from 'node:fs'
import { Endpoint } from '../coordinator/chain-rpc/endpoint.ts'
import { type EvmLook, openLook } from '../coordinator/chain-rpc/look.ts'
import { collect as collectEvm } from '../coordinator/chain-rpc/outflows.ts'
import { TronEndpoint } from '../coordinator/chain-rpc/tron-endpoint.ts'
import { openTronLook, type TronLook } from '../coordinator/chain-rpc/tron-look.ts'
import { collectTron, type TronRange } from '../coordinator/chain-rpc/tron-outflows.ts'
import type { ChainFile } from '../policy/audit/chain-file.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { type Env, parseNetwork } from '../policy/intent.ts'
import { distinct, endpoints, hostsOf, readConfig } from '../proto/config.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { integer, literal, object, type Reader, type Shaped, text } from '../proto/shape.ts'
import { type Args, required, type World } from './verb.ts'

export type { Balance, Block, Look } from '../coordinator/chain-rpc/look.ts'

/** What these addresses did in the range, for a chain file. */
export function collect(look: EvmLook | TronLook, range: TronRange): Promise<ChainFile> {
  return look.kind === 'tron' ? collectTron(look, range) : collectEvm(look, range)
}

export const looksOptions = { endpoints: { type: 'string' } } as const

const timeoutMs = 10_000
const witnesses = 2

/** One whose transactions this program reads. */
const network: Reader<string> = (value, path) => {
  const read = parseNetwork(text(48)(value, path))
  chainOf(read)
  return read
}

const shape = object({
  format: literal('custody-endpoints/v1'),
  chains: distinct(
    object({ network, rpc: endpoints, confirmations: integer(0, 10_000) }),
    (chain) => chain.network,
  ),
})

type Configured = Shaped<typeof shape>['chains'][number]

export function parseEndpoints(written: string): readonly Configured[] {
  return readConfig(written, shape).chains
}

/** By network, from the file of `--endpoints`. */
export function openLooks(
  args: Args,
  env: Env,
  world: World,
): ReadonlyMap<string, EvmLook | TronLook> {
  return new Map(
    parseEndpoints(readFileSync(required(args, 'endpoints'), 'utf8')).map((chain) => {
      if (hostsOf(chain.rpc).size < witnesses && env !== 'dev') {
        refuse('CONFIG', `${chain.network}: expected two hosts, or nobody agrees`)
      }
      return [chain.network, opened(chain, world)] as const
    }),
  )
}

function opened({ network: of, rpc, confirmations }: Configured, { nowMs }: World) {
  const needed = Math.min(witnesses, rpc.length)
  const about = rpc.map((url, at) => {
    const name = `endpoint ${at + 1} of ${of}`
    return { url, name, timeoutMs, now: nowMs, report: () => {} }
  })
  const [kind, reference = ''] = of.split(':')
  if (kind === 'tron') {
    const genesis = reference.slice(2)
    const endpoints = about.map(
      (one) => new TronEndpoint({ ...one, genesis, answerBytesMax: limits.tronResultsBytesMax }),
    )
    return openTronLook({ endpoints, witnesses: needed })
  }
  const chainId = `0x${BigInt(reference).toString(16)}`
  const askers = about.map(
    (one) => new Endpoint({ ...one, chainId, answerBytesMax: limits.chainAnswerBytesMax }),
  )
  return openLook({ askers, witnesses: needed, confirmations })
}
