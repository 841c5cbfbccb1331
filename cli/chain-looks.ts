// The door through which the CLI sees a chain: endpoints of its own, from a file that does not come
// from the coordinator, because whoever watches the house or audits it must not ask the house.
// Two have to say the same; a development cluster may have one.
import { readFileSync } from 'node:fs'
import type { AuditLook } from '../coordinator/chain-rpc/kind.ts'
import { kindOf } from '../coordinator/chain-rpc/reach.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { type Env, parseNetwork } from '../policy/intent.ts'
import { distinct, endpoints, hostsOf, readConfig } from '../proto/config.ts'
import { refuse } from '../proto/refusal.ts'
import { integer, literal, object, type Reader, type Shaped, text } from '../proto/shape.ts'
import { type Args, required, type World } from './verb.ts'

export type { Balance, Block, Look } from '../coordinator/chain-rpc/look.ts'

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
export function openLooks(args: Args, env: Env, world: World): ReadonlyMap<string, AuditLook> {
  return new Map(
    parseEndpoints(readFileSync(required(args, 'endpoints'), 'utf8')).map((chain) => {
      if (hostsOf(chain.rpc).size < witnesses && env !== 'dev') {
        refuse('CONFIG', `${chain.network}: expected two hosts, or nobody agrees`)
      }
      return [chain.network, opened(chain, world)] as const
    }),
  )
}

function opened({ network: of, rpc: urls, confirmations }: Configured, { nowMs }: World) {
  const { look } = kindOf(of)
  if (look === undefined) return refuse('NOT_SUPPORTED', `${of}: nobody looks at such a network`)
  const watch = { timeoutMs, now: nowMs, report: () => {} }
  const needed = Math.min(witnesses, urls.length)
  return look({ network: of, urls, confirmations, witnesses: needed, ...watch })
}
