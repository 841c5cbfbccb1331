import { describe } from 'vitest'
import { stationCases } from './station-tokens.ts'

describe('a station with two tokens', stationCases('software'))
