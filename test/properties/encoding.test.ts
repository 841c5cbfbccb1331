// The properties of encoding, a few trials each; `npm run storm -- properties` runs as many as
// wanted, with other seeds.
import { describe, it } from 'vitest'
import { encodingProperties } from './encoding.ts'
import { testSeed } from './property.ts'

describe('encoding', () => {
  it.each(encodingProperties)('$rule', ({ check, runs }) => {
    check({ seed: testSeed, runs })
  })
})
