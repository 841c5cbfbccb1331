// Deaths of the programs of a sitting, as power ends them, and what has to hold at each of them: what
// a Station's card and its Token remember never goes back, and a Seal of a first key that not
// everybody has confirmed is gone when its Station has come back. A death while a key is dealt comes
// with the first pending Seal that is on any medium, by the file system's own notice of it.
// Ends only processes that the sitting started.
import { existsSync, type FSWatcher, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import type { TokenFloor } from '../../proto/token-floor.ts'
import { type SealedShare, sharesOn } from '../../signer-node/ceremony/medium.ts'
import type { RehearsalStation } from '../../signer-node/ceremony/rehearsal-enrolment.ts'
import { CertificateFiles } from '../../signer-node/ceremony/station-files.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import type { PreparedSitting, ProgramHouse } from './program-house.ts'
import type { ProgramRoom } from './program-room.ts'
import { ports } from './tokens.ts'

/** By figure of a floor: never less than it was. */
export type Floor = Readonly<Record<string, number>>

export class Deaths implements Disposable {
  /** In their order: the step, and whose program. */
  readonly all: string[] = []
  readonly #house: ProgramHouse
  readonly #sitting: PreparedSitting
  readonly #room: ProgramRoom
  readonly #watchers: FSWatcher[] = []
  readonly #floors: Map<string, Floor>
  /** Of a first key, without a certificate at the death of their Station. */
  readonly #orphans: { readonly node: string; readonly share: SealedShare }[] = []
  readonly #faults: string[] = []
  #dealing: Promise<void> | undefined

  /** `floors`: by Station, as they were seen last, also at sittings before. */
  constructor(
    house: ProgramHouse,
    sitting: PreparedSitting,
    room: ProgramRoom,
    floors: Map<string, Floor>,
  ) {
    this.#floors = floors
    this.#house = house
    this.#sitting = sitting
    this.#room = room
    const { kind } = sitting.prepared
    if (kind !== 'genesis' && kind !== 'reshare') return
    for (const { node, mediumA } of house.outside.stations) {
      const dealt = (_: unknown, name: string | null): void => {
        if (this.#dealing === undefined && name?.endsWith('.pending.keyshare') === true) {
          this.#dealing = this.#whileDealt(node)
        }
      }
      this.#watchers.push(watch(join(mediumA, 'keyshares'), dealt))
    }
  }

  /** How many Seals of a first key lay there without a certificate. */
  get orphans(): number {
    return this.#orphans.length
  }

  async of(name: string, step: string): Promise<void> {
    this.all.push(`${step} ${name}`)
    const station = this.#stations().find(({ node }) => node === name)
    if (station !== undefined && step === 'C-4') await this.#untilClosed(station)
    await this.#room.kill(name, async () => {
      if (station !== undefined) await this.#look(station)
    })
  }

  /** After the sitting; what did not hold, in words. */
  async over(): Promise<readonly string[]> {
    await this.#dealing
    for (const station of this.#stations()) await this.#look(station)
    for (const { node, share } of this.#orphans) {
      const station = this.#stations().find((one) => one.node === node)
      const there = [station?.mediumA, station?.mediumB].flatMap((at) => sharesOn(at ?? ''))
      if (there.some(({ seal }) => seal === share.seal))
        this.#faults.push(`${node}: ${share.name} is kept`)
      if (!this.#said(node).includes('no certificate of all holders')) {
        this.#faults.push(`${node}: says nothing of ${share.name}`)
      }
    }
    return this.#faults
  }

  [Symbol.dispose](): void {
    for (const one of this.#watchers) one.close()
  }

  #stations(): readonly RehearsalStation[] {
    return this.#house.outside.stations
  }

  /** Nobody is told of a certificate meanwhile: the Record station stands still. */
  async #whileDealt(node: string): Promise<void> {
    await this.#room.still(() => this.of(node, 'dealing'))
  }

  async #look(station: RehearsalStation): Promise<void> {
    const { node, mediumA, socket, pins } = station
    const card = join(socket.directory, '../card')
    socket.plug('daily')
    const before = this.#floors.get(node) ?? {}
    const { daily } = parseStationCard(readFileSync(join(mediumA, 'station.json')))
    await using token = await Hsm.open({ ...socket.slot, serial: daily.serial }, ports)
    await token.login(pins['daily'] ?? fail(`${node} has a PIN`), false)
    const now = { ...cardFloor(card, node), ...tokenFloors(await token.floors()) }
    this.#floors.set(node, now)
    const back = Object.keys(before).filter((name) => (now[name] ?? -1) < (before[name] ?? 0))
    const told = back.map((name) => `${node}: ${name} from ${before[name]} to ${now[name]}`)
    this.#faults.push(...told)
    if (this.#sitting.prepared.kind === 'genesis') {
      const certified = new CertificateFiles(join(card, 'certificates'))
      const open = sharesOn(mediumA).filter((one) => {
        return certified.read(one.vault, one.epoch) === undefined
      })
      this.#orphans.push(...open.map((share) => ({ node, share })))
    }
  }

  /** With the last line on its own card, and its Statement owed. */
  async #untilClosed({ socket }: RehearsalStation): Promise<void> {
    const digest = this.#sitting.prepared.plan.digest.slice(0, 8)
    const file = join(socket.directory, '../card', `record-${digest}.jsonl`)
    const isClosed = () => existsSync(file) && readFileSync(file, 'utf8').includes('record.closed')
    while (!isClosed()) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  #said(node: string): string {
    const { logs } = this.#house.ports
    return readFileSync(join(logs, `${node}-${this.#sitting.prepared.kind}.log`), 'utf8')
  }
}

function cardFloor(card: string, node: string): Floor {
  const floor = new FloorFile(join(card, 'floor'), node).read()
  return { 'lines on the card': floor?.size ?? 0, 'receipts on the card': floor?.counter ?? 0 }
}

function tokenFloors(floors: readonly TokenFloor[]): Floor {
  const figures = floors.flatMap(({ about, count, epoch, cold }) => [
    [`count of ${about}`, count],
    [`epoch of ${about}`, epoch],
    [`lines of ${about}`, cold.size],
  ])
  return Object.fromEntries(figures)
}

function fail(because: string): never {
  throw new Error(`expected that ${because}`)
}
