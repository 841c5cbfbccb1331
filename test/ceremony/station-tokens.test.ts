import { describe } from 'vitest'
import { stationCases } from '../kit/station-cases.ts'

describe('a station with two tokens', stationCases('software'))
