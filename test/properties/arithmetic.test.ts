// The properties of arithmetic, a few trials each; `npm run storm -- properties` runs as many as
// wanted, with other seeds.
import { describe, it } from 'vitest'
import { arithmeticProperties } from './arithmetic.ts'
import { testSeed } from './property.ts'

describe('arithmetic', () => {
  it.each(arithmeticProperties)('$rule', ({ check, runs }) => {
    check({ seed: testSeed, runs })
  })
})
