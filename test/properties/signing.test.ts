// The properties of signing, a few trials each; `npm run storm -- properties` runs as many as
// wanted, with other seeds.
import { describe, it } from 'vitest'
import { testSeed } from './property.ts'
import { signingProperties } from './signing.ts'

describe('signing', () => {
  it.each(signingProperties(5))('$rule', ({ check, runs }) => {
    check({ seed: testSeed, runs })
  })
})
