// Who carries cards in a rehearsal: whole files, as they are, both ways, each once.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseHandle } from '../../proto/ids.ts'
import { cardName, nobody, writeCard } from '../../signer-node/ceremony/card-file.ts'
import { Carrier } from '../../signer-node/ceremony/rehearsal-carrier.ts'
import { digestNamed } from '../kit/audit-log.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'custody-carrier-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function card(from: string, to: string, number = 1) {
  const names = { from: parseHandle(from), to: parseHandle(to) }
  const lives = { life: '11'.repeat(8), toLife: nobody, number, born: 1 }
  const head = { plan: digestNamed('plan'), ...names, ...lives }
  return { name: cardName(head), bytes: writeCard(head, [new Uint8Array([1, 2, 3])]) }
}

describe('a carrier of cards', () => {
  const ways = () => ({ station: join(home, 'station'), record: join(home, 'record') })

  it('takes what one side wrote to the other, and each file once', () => {
    using carrier = new Carrier([ways()])
    const { station, record } = ways()
    const [up, down] = [card('node-1', 'table'), card('table', 'node-1')]
    writeFileSync(join(station, up.name), up.bytes)
    writeFileSync(join(record, down.name), down.bytes)
    carrier.carry()
    carrier.carry()
    expect(new Uint8Array(readFileSync(join(record, up.name)))).toEqual(up.bytes)
    expect(new Uint8Array(readFileSync(join(station, down.name)))).toEqual(down.bytes)
    expect([readdirSync(station).sort(), carrier.count]).toEqual([readdirSync(record).sort(), 2])
  })

  it('leaves what is not whole yet, and what is no card, where it is', () => {
    using carrier = new Carrier([ways()])
    const { station, record } = ways()
    const { name, bytes } = card('node-1', 'table')
    writeFileSync(join(station, name), bytes.subarray(0, bytes.length - 1))
    writeFileSync(join(station, 'notes.txt'), 'mine')
    carrier.carry()
    expect(readdirSync(record)).toEqual([])
    writeFileSync(join(station, name), bytes)
    carrier.carry()
    expect(readdirSync(record)).toEqual([name])
  })
})
