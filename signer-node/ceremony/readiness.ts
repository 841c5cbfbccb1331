// Whether this machine takes part in a sitting: what the doctor looks at, held against the Plan by
// the program that sits down, at a station and at the Record station alike.
// INVARIANT: asked before a PIN is; in production, and where somebody asks for it, every fault is a
// refusal; in another rehearsal those of the machine are left to the doctor. That a token is the
// one it says is shown at its login.
import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Plan } from '../../policy/ceremony/plan.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { Refused, refuse } from '../../proto/refusal.ts'
import type { CommandWorld } from '../command.ts'
import { requireHardware } from '../hsm/enrol.ts'
import { Hsm } from '../hsm/hsm.ts'
import type { TokenFacts } from '../hsm/token.ts'
import { selfCheck } from '../self-check.ts'
import { buildFiles } from './build-files.ts'
import { type Check, isReady, machineChecks } from './doctor.ts'
import { stationFacts } from './doctor-facts.ts'
import { requireFresh, requireHealthy, sampleBytes } from './randomness-tests.ts'
import type { Slot } from './tokens.ts'

const project = join(import.meta.dirname, '../..')

/** What of the Plan is about this machine. */
export interface Place {
  /** Its address at the table, if that has a network. */
  readonly address: string | undefined
  /** Card and media: what may be written. */
  readonly cards: readonly string[]
  readonly slot: Slot
  /** A rehearsal that asks of its machines what production does; a laptop has a network. */
  readonly isStrict?: boolean
}

/** As a line of the Record says it. */
export async function requireReady(
  plan: Pick<Plan, 'env' | 'build'>,
  { address, cards, slot, isStrict = false }: Place,
  world: Pick<CommandWorld, 'curve' | 'random' | 'wallMs'>,
): Promise<JsonObject> {
  const { env, build } = plan
  const { digest } = buildFiles(project, process.execPath)
  const facts = stationFacts(digest)
  // A link says nothing about where one writes.
  const places = cards.map((card) => (existsSync(card) ? realpathSync(card) : resolve(card)))
  const machine = machineChecks(facts, { table: address, cards: places, build })
  const own = await ownChecks(world)
  const token = await checked('X-5', 'token', async () => {
    const { serial, module, manufacturer } = await onlyToken(slot, world)
    requireHardware(env, manufacturer)
    requireModule(module, build.modules)
    return serial
  })
  const checks = [...machine, ...own.checks, token]
  const all = isStrict || env === 'prod'
  if (!isReady(checks, all)) {
    const faults = checks.filter((one) => one.fault !== '' && (all || !one.isOfMachine))
    const said = faults.map(({ id, what, fault }) => `${id} ${what}: ${fault}`).join('; ')
    refuse('CEREMONY', `this machine is not ready: ${said}`, faults[0]?.id)
  }
  const interfaces = facts.interfaces.filter(({ isUp }) => isUp).map(({ name }) => name)
  return { build: digest, checks: machine.length + own.count + 1, clock: 0, interfaces }
}

/** whoever has two cannot say which one was used. */
export async function onlyToken(
  slot: Slot,
  { random }: Pick<CommandWorld, 'random'>,
): Promise<TokenFacts> {
  const [only, ...more] = await Hsm.list({ ...slot, serial: '' }, { random })
  if (only !== undefined && more.length === 0) return only
  const serials = [...(only === undefined ? [] : [only]), ...more].map(({ serial }) => serial)
  const here = serials.join(', ') || 'none'
  return refuse('TOKEN_ABSENT', `expected exactly one token, here: ${here}`, 'X-5')
}

/** X-3; a twin in software has no module. */
export function requireModule(digest: string, modules: readonly Digest[] | undefined): void {
  if (modules === undefined || digest === '' || modules.includes(parseDigest(digest))) return
  refuse('TOKEN_WRONG', `expected a module of the plan, got ${digest}`, 'X-3')
}

/** known answers, and the kernel's randomness. */
export async function ownChecks({
  curve,
  random,
  wallMs,
}: Pick<CommandWorld, 'curve' | 'random' | 'wallMs'>) {
  const clock = { wallMs, monotonicMs: () => performance.now() }
  let count = 0
  const checks = [
    await checked('X-4', 'self-check', async () => {
      count = selfCheck(curve('native'), clock, random)
      return `${count} answers`
    }),
    await checked('X-4', 'kernel', async () => healthy('kernel', async (size) => random(size))),
  ]
  return { checks, count }
}

export async function healthy(
  source: string,
  draw: (size: number) => Promise<Uint8Array>,
): Promise<string> {
  const [sample, first, second] = [await draw(sampleBytes), await draw(64), await draw(64)]
  try {
    requireHealthy(source, sample)
    requireFresh(source, first, second)
    return `${sampleBytes} bytes tested`
  } finally {
    for (const drawn of [sample, first, second]) drawn.fill(0)
  }
}

export async function checked(
  id: string,
  what: string,
  look: () => Promise<string>,
): Promise<Check> {
  try {
    return { id, what, fault: '', found: await look(), isOfMachine: false }
  } catch (error) {
    return { id, what, fault: faultText(error), found: '', isOfMachine: false }
  }
}

function faultText(error: unknown): string {
  if (error instanceof Refused) return error.refusal.because
  return error instanceof Error ? error.message : 'unknown'
}
