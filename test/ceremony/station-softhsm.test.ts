import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { makeStation } from '../../signer-node/ceremony/enrolment.ts'
import { openStationToken } from '../../signer-node/ceremony/tokens.ts'
import { refusal } from '../kit/refused.ts'
import { pins, socket, typing } from '../kit/station-tokens.ts'
import { random, tokensHere } from '../kit/tokens.ts'
import { nowMs, plan, station, stationCases } from './station-tokens.ts'

const isHere = tokensHere().includes('SoftHSM')

describe('tokens of a real module', () => {
  it('are here, or the tests have said that they are not', () => {
    expect(isHere || process.env['CI'] !== 'true').toBe(true)
  })
  if (!isHere) return

  it('are refused when two are present, whichever of them is wanted', async () => {
    const bench = socket('SoftHSM')
    const tries = mkdtempSync(join(tmpdir(), 'custody-tries-'))
    const daily = await bench.make('daily', 'node-1')
    const spare = await bench.make('spare', 'node-1')
    const made = makeStation({ plan, station: station(1), daily, spare }, { random, nowMs })
    const opened = async (wanted: 'daily' | 'any', typed: readonly string[]) => {
      const pin = typing(tries, typed).ports
      const at = { random, pin }
      await using token = await openStationToken(
        bench.slot,
        parseStationCard(made.card),
        wanted,
        at,
      )
      return token.which
    }
    bench.plug('daily')
    expect(await opened('any', [pins['daily'] ?? ''])).toBe('daily')
    const other = join(bench.directory, 'spare')
    for (const name of readdirSync(other)) {
      cpSync(join(other, name), join(bench.directory, 'in', name), { recursive: true })
    }
    // Nobody types a PIN where two are.
    for (const wanted of ['any', 'daily'] as const) {
      expect(await refusal(opened(wanted, []))).toMatch(
        /^TOKEN_ABSENT: expected exactly one token, here: \w+, \w+$/,
      )
    }
    bench.remove()
    rmSync(tries, { recursive: true, force: true })
  })

  describe('a station with two tokens of SoftHSM', stationCases('SoftHSM'))
})
