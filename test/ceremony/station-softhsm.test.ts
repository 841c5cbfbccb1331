import { describe, expect, it } from 'vitest'
import { tokensHere } from '../kit/tokens.ts'
import { stationCases } from './station-tokens.ts'

const isHere = tokensHere().includes('SoftHSM')

describe('tokens of a real module', () => {
  it('are here, or the tests have said that they are not', () => {
    expect(isHere || process.env['CI'] !== 'true').toBe(true)
  })
  if (isHere) describe('a station with two tokens of SoftHSM', stationCases('SoftHSM'))
})
