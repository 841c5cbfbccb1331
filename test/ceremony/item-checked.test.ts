import { describe, expect, it } from 'vitest'
import { itemBody } from '../../signer-node/ceremony/item-checked.ts'
import { refusedWith } from '../kit/refused.ts'

describe('a number that is typed of what is shown', () => {
  it('is whole unless a mark behind it says that it is not', () => {
    const bag = { kind: 'bag', number: 'B 0017', photo: '' }
    expect(itemBody(' B 0017 ', 'bag')).toEqual({ ...bag, intact: true })
    for (const typed of ['B 0017!', 'B 0017 !', ' B 0017!  ']) {
      expect(itemBody(typed, 'bag')).toEqual({ ...bag, intact: false })
    }
  })

  it('is a number at all', () => {
    for (const typed of ['', '!', 'B\n1']) {
      expect(refusedWith(() => itemBody(typed, 'token'))).toBe('MALFORMED')
    }
  })
})
