import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseTokenCard } from '../../proto/token-card.ts'
import { whichHere } from '../../signer-node/ceremony/tokens.ts'
import { refusal } from '../kit/refused.ts'
import { socket } from '../kit/station-tokens.ts'
import { ports, tokensHere } from '../kit/tokens.ts'
import { stationCases } from './station-tokens.ts'

const isHere = tokensHere().includes('SoftHSM')

describe('tokens of a real module', () => {
  it('are here, or the tests have said that they are not', () => {
    expect(isHere || process.env['CI'] !== 'true').toBe(true)
  })
  if (!isHere) return

  it('are refused when two are present, whichever of them is wanted', async () => {
    const bench = socket('SoftHSM')
    const daily = parseTokenCard(await bench.make('daily', 'node-1'))
    const spare = parseTokenCard(await bench.make('spare', 'node-1'))
    const here = () => refusal(whichHere(bench.slot, { daily, spare }, 'any', ports))
    expect(await here()).toBe('accepted')
    const other = join(bench.directory, 'daily')
    for (const name of readdirSync(other)) {
      cpSync(join(other, name), join(bench.directory, 'in', name), { recursive: true })
    }
    expect(await here()).toMatch(/^TOKEN_ABSENT: expected exactly one token, here: \w+, \w+$/)
    bench.remove()
  })

  describe('a station with two tokens of SoftHSM', stationCases('SoftHSM'))
})
