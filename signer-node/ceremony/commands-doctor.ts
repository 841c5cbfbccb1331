// custody-ceremony doctor and build: may this machine be a Station now, one line for each thing,
// and which files its program is made of. With a Plan everything is held against it; with a module
// the Token is looked at too, before anybody logs in (that it is the one it says is shown at the
// login). INVARIANT: changes nothing, and answers with no random byte.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Plan, parsePlan, stationOf } from '../../policy/ceremony/plan.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { wordLines } from '../../proto/words.ts'
import type { Command, CommandWorld } from '../command.ts'
import { readWords, text, type Words, yes } from '../commands-words.ts'
import { requireHardware } from '../hsm/enrol.ts'
import { Hsm } from '../hsm/hsm.ts'
import type { TokenFacts } from '../hsm/token.ts'
import { buildFiles } from './build-files.ts'
import { checkLine, isReady, machineChecks } from './doctor.ts'
import { stationFacts } from './doctor-facts.ts'
import { requireTokenLabel } from './label.ts'
import { openMedium } from './medium.ts'
import { slotFlags, slotOf } from './pin-words.ts'
import { checked, healthy, onlyToken, ownChecks, requireModule } from './readiness.ts'
import { Spoken } from './spoken.ts'

const project = join(import.meta.dirname, '../..')

export const doctorCommands: readonly Command[] = [
  {
    verb: 'doctor',
    about: 'whether this machine may be a station now: one line for each thing',
    usage: [
      '[--plan PLAN --node NODE] [--card DIR] [--second DIR] [--strict]',
      '  [--module FILE [--parameters P] [--digest SHA256]]',
    ],
    run: (words, world) => {
      const options = {
        ...slotFlags,
        plan: text,
        node: text,
        card: text,
        second: text,
        strict: yes,
      }
      return doctor(readWords(words, { options }), world)
    },
  },
  {
    verb: 'build',
    about: 'the digest of every file that this program can load, as sha256sum makes it',
    usage: ['[--out MANIFEST]'],
    run: async (words) => build(readWords(words, { options: { out: text } })),
  },
]

async function build(flags: Words): Promise<object> {
  const { digest, manifest } = buildFiles(project, process.execPath)
  const out = flags.flag('out')
  if (out !== undefined) writeFileSync(out, manifest, { flag: 'wx' })
  const files = manifest.split('\n').length - 1
  return { build: digest, words: wordLines(digest, 16), files, node: process.versions.node }
}

async function doctor(flags: Words, world: CommandWorld): Promise<object> {
  const { plan, station } = planned(flags)
  const isStrict = flags.is('strict') || plan?.env === 'prod'
  const { digest } = buildFiles(project, process.execPath)
  const cards = ['card', 'second']
    .flatMap((name) => flags.flag(name) ?? [])
    .map((dir) => resolve(dir))
  const table = plan?.table.way === 'network' ? plan.table : undefined
  const address = table?.stations.find(({ node }) => node === station?.node)?.address
  const expected = { table: address, cards, build: plan?.build }
  const facts = stationFacts(digest)
  const own = await ownChecks(world)
  const token = await tokenChecks(flags, { plan, station, world })
  const checks = [...machineChecks(facts, expected), ...own.checks, ...token.checks]
  const ready = isReady(checks, isStrict)
  const lines = [
    ...checks.map((check) => checkLine(check, isStrict)),
    ready ? `ready: ${own.count} checks` : 'NOT READY',
    ...wordLines(digest, 16).map((line) => `build  ${line}`),
  ]
  const ups = facts.interfaces.filter(({ isUp }) => isUp).map(({ name }) => name)
  const said = { build: digest, checks: own.count, interfaces: ups, ...token.said }
  return new Spoken(lines, { ready, strict: isStrict, ...said, found: checks }, ready)
}

function planned(flags: Words) {
  const file = flags.flag('plan')
  if (file === undefined) return { plan: undefined, station: undefined }
  const { plan } = parsePlan(new Uint8Array(readFileSync(file)))
  const node = flags.flag('node')
  const station = node === undefined ? undefined : stationOf(plan, parseNodeId(node))
  if (node !== undefined && station === undefined) refuse('PLAN', `the plan has no station ${node}`)
  return { plan, station }
}

interface TokenContext {
  readonly plan: Plan | undefined
  readonly station: ReturnType<typeof stationOf>
  readonly world: CommandWorld
}

/** as far as a Token shows it without a PIN. */
async function tokenChecks(flags: Words, { plan, station, world: { random } }: TokenContext) {
  if (flags.flag('module') === undefined) return { checks: [], said: {} }
  const slot = slotOf(flags)
  const own = ownCard(flags.flag('card'))
  const known = station?.tokens ?? own
  let facts: TokenFacts | undefined
  const checks = [
    await checked('X-5', 'token', async () => {
      const only = await onlyToken(slot, { random })
      facts = only
      requireHardware(plan?.env ?? own?.env ?? 'dev', only.manufacturer)
      requireRoster(only, known)
      if (station !== undefined) requireTokenLabel(only.label, station)
      return `${only.serial} (${only.label}), ${pinText(only)}`
    }),
    await checked('X-3', 'module', async () => {
      const digest = facts?.module ?? ''
      requireModule(digest, plan?.build.modules)
      return digest
    }),
    await checked('X-4', 'token random', async () => {
      await using hsm = await Hsm.open({ ...slot, serial: facts?.serial ?? '' }, { random })
      return await healthy('token', async (size) => {
        using drawn = await hsm.random(size)
        return drawn.bytes.slice()
      })
    }),
  ]
  const said = facts === undefined ? {} : { module: facts.module, token: facts.serial }
  return { checks, said }
}

function ownCard(card: string | undefined) {
  if (card === undefined) return undefined
  const medium = attempt(() => openMedium(card))
  return isRefusal(medium) ? undefined : medium.station
}

interface Named {
  readonly serial: string
}

function requireRoster(
  { serial }: TokenFacts,
  known: { readonly daily: Named; readonly spare: Named } | undefined,
): void {
  if (known === undefined) return
  const serials = [known.daily.serial, known.spare.serial]
  if (serials.includes(serial)) return
  refuse('TOKEN_WRONG', `expected the token ${serials.join(' or ')}, got ${serial}`, 'X-5')
}

function pinText({ pin }: TokenFacts): string {
  if (!pin.isSet) return refuse('TOKEN_PIN', 'no PIN was set', 'X-5')
  if (pin.isLocked) return refuse('TOKEN_LOCKED', 'the token is locked', 'X-5')
  return pin.isFinalTry ? 'LAST TRY of its PIN' : 'PIN set'
}
