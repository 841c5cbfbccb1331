// A house for sittings of real programs: three stations with twins in software for tokens, their cold
// log and chain, and a key that a genesis of programs made. Everything it started it ends.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../signer-node/ceremony/rehearsal-online.ts'
import { Outside, type Prepared } from '../../signer-node/ceremony/rehearsal-outside.ts'
import type { RehearsalKind } from '../../signer-node/ceremony/rehearsal-people.ts'
import { Programs } from '../../signer-node/ceremony/rehearsal-programs.ts'
import {
  type LaidTable,
  layTable,
  playRoom,
  type RoomPorts,
} from '../../signer-node/ceremony/rehearsal-room.ts'
import { random } from './tokens.ts'

export interface PreparedSitting {
  readonly laid: LaidTable
  readonly prepared: Prepared
}

export class ProgramHouse implements AsyncDisposable {
  readonly place: string
  readonly ports: RoomPorts
  readonly outside: Outside
  readonly #programs: Programs

  private constructor(parts: { place: string; programs: Programs; ports: RoomPorts }, of: Outside) {
    this.place = parts.place
    this.#programs = parts.programs
    this.ports = parts.ports
    this.outside = of
  }

  /** With a key in its log. */
  static async open(name: string): Promise<ProgramHouse> {
    const place = mkdtempSync(join(tmpdir(), `custody-${name}-`))
    const logs = join(place, 'logs')
    const programs = new Programs(logs)
    const ports = { programs, random, wallMs: Date.now, say: () => {}, logs }
    const wish = { directory: join(place, 'house'), stations: 3, maker: 'software' } as const
    const house = new ProgramHouse({ place, programs, ports }, await Outside.open(wish, ports))
    const { prepared, laid } = await house.prepared('genesis', 'genesis')
    await playRoom(house.outside, prepared, laid, ports)
    const { verdict } = await house.outside.after(prepared)
    if (verdict !== 'OK') throw new Error(`a genesis that a stranger calls ${verdict}`)
    return house
  }

  /** Asked for, planned, approved, and the Bundle in written; a card of its own. */
  async prepared(
    kind: RehearsalKind,
    name: string,
    addressOf?: (at: number) => string,
  ): Promise<PreparedSitting> {
    const card = join(this.place, 'record', name)
    mkdirSync(card, { recursive: true, mode: 0o700 })
    const { enrolled, stations } = this.outside
    const at = { token: enrolled.record.card, port: await freePort(random), addressOf }
    const laid = await layTable(card, stations, at, this.ports)
    return { laid, prepared: await this.outside.before(kind, Promise.resolve(laid.table)) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.outside[Symbol.dispose]()
    await this.#programs[Symbol.asyncDispose]()
    rmSync(this.place, { recursive: true, force: true })
  }
}
