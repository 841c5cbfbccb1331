// bench ceremony: a 3-of-5 cold signature by whole programs at a table with a network, five stations
// with two tokens each (SoftHSM where it is installed, else twins in software, which is said); then
// the doctor at one of the stations, and a stranger's verification of what was carried out. People
// answer at once, so what is measured is the machines. The doctor and the verifier compile their own
// code each time, as on a boot medium. CPU is beside each wall time: user and system, of all that
// take part.
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Outside } from '../signer-node/ceremony/rehearsal-outside.ts'
import {
  custody,
  custodyCeremony,
  Programs,
  said,
} from '../signer-node/ceremony/rehearsal-programs.ts'
import { type PlayedSitting, playSitting } from '../signer-node/ceremony/rehearsal-sitting.ts'
import { tokenMaker } from '../signer-node/ceremony/rehearsal-tokens.ts'
import { random } from '../test/kit/tokens.ts'
import { processCpu } from './process-cpu.ts'
import { type Bench, barsOf, type Figure, figure } from './report.ts'
import { RoomWatch } from './room-watch.ts'

const stations = 5
const signatures = 3
const rounds = 5
const compiling = { NODE_DISABLE_COMPILE_CACHE: '1' }

const bars: Readonly<Record<string, number>> = {
  ...{ 'cold-signature-ms': 10_000, 'cold-signature-cpu-ms': 10_000 },
  ...{ 'doctor-ms': 2_000, 'doctor-cpu-ms': 2_000 },
  ...{ 'verify-ms': 1_000, 'verify-cpu-ms': 1_000 },
}

export async function bench(): Promise<Bench> {
  const home = mkdtempSync(join(tmpdir(), 'custody-bench-ceremony-'))
  try {
    const maker = tokenMaker()
    const figures = await measured(home)
    const load = loadavg().map((one) => one.toFixed(1))
    const notes = [
      maker === 'SoftHSM'
        ? `${2 * stations + 1} tokens of SoftHSM`
        : 'TWINS IN SOFTWARE PLAYED THE TOKENS: SoftHSM (softhsm2) is not installed here',
      'a signature: from the end of S-2 to that of S-9, with judging, PINs, pairing, own checks',
      `load of the machine: ${load.join(' ')}`,
      barsOf(figures, bars),
    ]
    return { figures, ratios: [], notes }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function measured(home: string): Promise<readonly Figure[]> {
  const logs = join(home, 'logs')
  await using programs = new Programs(logs)
  const say = (line: string): void => console.error(line)
  const ports = { programs, random, wallMs: Date.now, say, logs }
  using outside = await Outside.open({ directory: join(home, 'house'), stations }, ports)
  const sitting = async (kind: 'genesis' | 'sign', card: string): Promise<PlayedSitting> =>
    await playSitting(outside, { kind, card, way: 'network', scenarios: [] }, ports)
  const genesis = await sitting('genesis', join(home, 'genesis'))
  const [walls, cpus, sittings]: [number[], number[], PlayedSitting[]] = [[], [], []]
  for (let at = 1; at <= signatures; at += 1) {
    const card = join(home, `sign-${at}`)
    using watch = new RoomWatch(card)
    sittings.push(await sitting('sign', card))
    const [from, to] = [watch.steps.get('S-2')?.last, watch.steps.get('S-9')?.last]
    if (from === undefined || to === undefined) throw new Error('a sitting without a signature')
    walls.push(to.atMs - from.atMs)
    cpus.push(to.cpuMs - from.cpuMs)
  }
  return [
    figure('cold-signature-ms', 'ms', walls),
    figure('cold-signature-cpu-ms', 'ms', cpus),
    ...(await doctored(outside, programs, join(home, 'house/2-genesis/plan.json'))),
    ...(await verified(outside, programs, sittings.at(-1) ?? genesis)),
    figure('genesis-sitting-s', 's', [genesis.seconds]),
    figure('genesis-room-s', 's', [genesis.roomS]),
    figure(
      'sign-sitting-s',
      's',
      sittings.map(({ seconds }) => seconds),
    ),
    figure(
      'sign-room-s',
      's',
      sittings.map(({ roomS }) => roomS),
    ),
  ]
}

/** As its custodian asks it, with the plan and the token of the station. */
async function doctored(
  { enrolled }: Outside,
  programs: Programs,
  plan: string,
): Promise<readonly Figure[]> {
  const [station] = enrolled.stations
  if (station === undefined) throw new Error('a rehearsal has stations')
  const { node, mediumA, socket } = station
  const words = ['doctor', '--plan', plan, '--node', node, '--card', mediumA]
  return await timed('doctor', async () => {
    const module = ['--module', socket.slot.module]
    const env = { ...compiling, ...socket.env }
    const answer = await programs.ask(custodyCeremony, [...words, ...module], { env })
    if (answer['ready'] !== true) throw new Error('the doctor found a station that is not ready')
  })
}

/** By the Bundle that went in and the trust file alone. */
async function verified(
  { online }: Outside,
  programs: Programs,
  sitting: PlayedSitting,
): Promise<readonly Figure[]> {
  const trust = ['--trust', online.at('shared', 'trust.txt'), '--log', sitting.in]
  return await timed('verify', async () => {
    const asked = ['ceremony', 'verify', sitting.out, ...trust]
    const verdict = await programs.ask(custody, asked, { env: compiling })
    if (said(verdict, 'word') !== 'OK') throw new Error('what was carried out does not verify')
  })
}

/** A program again and again, from its start to its end. */
async function timed(name: string, work: () => Promise<void>): Promise<readonly Figure[]> {
  const [walls, cpus]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const [begunMs, begunCpu] = [performance.now(), processCpu('self').waitedMs]
    await work()
    walls.push(performance.now() - begunMs)
    cpus.push(processCpu('self').waitedMs - begunCpu)
  }
  return [figure(`${name}-ms`, 'ms', walls), figure(`${name}-cpu-ms`, 'ms', cpus)]
}
