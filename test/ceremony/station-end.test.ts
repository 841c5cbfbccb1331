// How a Station ends, minute by minute: with the Record closed and all written, by its custodian's
// word where the Record station is gone, and by no lie of a table whose sitting goes on.
import { describe, expect, it } from 'vitest'
import type { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import type { Paper } from '../../signer-node/ceremony/said-papers.ts'
import type { Station } from '../../signer-node/ceremony/station.ts'
import { aloneMs, StationEnd } from '../../signer-node/ceremony/station-end.ts'
import { readTurnPaper } from '../../signer-node/ceremony/turn-papers.ts'
import { digestNamed } from '../kit/audit-log.ts'

function sitting(seat: Station['seat'] = 'heard') {
  const papers: Paper[] = []
  const said: string[] = []
  const now = { seat, ms: 1_000, isClosed: false, withdrawn: 0 }
  const end = new StationEnd({
    record: {
      get state() {
        const closed = now.isClosed ? { exceptions: 0, results: digestNamed('results') } : undefined
        return { size: 41, prev: digestNamed('leaf'), closed } as RecordCopy['state']
      },
    },
    station: {
      get seat() {
        return now.seat
      },
      say: (paper) => void papers.push(paper),
      withdraw: () => {
        now.withdrawn += 1
      },
    },
    clock: { wallMs: () => now.ms, monotonicMs: () => now.ms },
    say: (text) => void said.push(text),
  })
  let isOver = false
  void end.over.then(() => {
    isOver = true
  })
  const pass = async (ms: number): Promise<boolean> => {
    now.ms += ms
    end.tick()
    await Promise.resolve()
    return isOver
  }
  const stops = () => papers.map((paper) => readTurnPaper('stop', paper).because)
  return { end, now, said, pass, stops }
}

describe('a Station that hears that all is over', () => {
  it('ends when its Record is closed, then or by the lines that it asked for', async () => {
    const whole = sitting()
    whole.now.isClosed = true
    expect(whole.end.heardOver()).toBe(true)
    expect([await whole.pass(0), whole.end.isAlone]).toEqual([true, false])
    const lacking = sitting()
    expect(lacking.end.heardOver()).toBe(false)
    // Each line that comes is a reason to wait for the next.
    for (let lines = 0; lines < 3; lines += 1) {
      expect(await lacking.pass(aloneMs - 1)).toBe(false)
      expect(lacking.end.line()).toBe(false)
    }
    lacking.now.isClosed = true
    expect(lacking.end.line()).toBe(true)
    expect([await lacking.pass(0), lacking.end.isAlone, lacking.said]).toEqual([true, false, []])
  })

  it('ends alone when nothing of what it lacks comes, and says what there is', async () => {
    const { end, now, said, pass } = sitting()
    end.heardOver()
    now.seat = 'unheard'
    expect(await pass(aloneMs - 1)).toBe(false)
    expect(await pass(1)).toBe(true)
    expect([end.isAlone, now.withdrawn]).toEqual([true, 1])
    expect(said.join('\n')).toContain(`its last line is 40, ${digestNamed('leaf')}`)
    expect(said.join('\n')).toMatch(/no Statement of this custodian .*\n.*run, once more/)
  })

  it('ends alone also where a table says it again and again, and brings nothing', async () => {
    const { end, pass } = sitting()
    end.heardOver()
    for (let times = 1; times < 10; times += 1) {
      expect(await pass(aloneMs / 10)).toBe(false)
      expect(end.heardOver()).toBe(false)
    }
    expect([await pass(aloneMs / 10), end.isAlone]).toEqual([true, true])
  })

  it('goes on where it is asked for more: the word was a lie, or early', async () => {
    const { end, now, pass } = sitting()
    end.heardOver()
    end.asked()
    expect(await pass(10 * aloneMs)).toBe(false)
    now.isClosed = true
    expect([end.line(), await pass(0)]).toEqual([false, false])
  })

  it('waits for its card as long as people want', async () => {
    const { end, pass } = sitting('carried')
    end.heardOver()
    expect(await pass(3_600_000)).toBe(false)
    end.stop('nobody carries it any more')
    expect([await pass(0), end.isAlone]).toEqual([true, true])
  })
})

describe('a stop at a Station', () => {
  it('is for all, said once when the Record station is heard', async () => {
    const { end, now, pass, stops } = sitting('unheard')
    end.stop('fire')
    expect([await pass(aloneMs - 1), stops()]).toEqual([false, []])
    now.seat = 'heard'
    await pass(1)
    await pass(10 * aloneMs)
    expect([stops(), end.isAlone]).toEqual([['fire'], false])
  })

  it('takes back what was confirmed here at once, whatever the table does with the word', () => {
    for (const seat of ['heard', 'unheard', 'carried'] as const) {
      const { end, now } = sitting(seat)
      end.stop('I do not know this recipient')
      expect([seat, now.withdrawn, end.isAlone]).toEqual([seat, 1, false])
    }
  })

  it('ends it alone where nobody has heard it', async () => {
    const { end, pass, stops } = sitting('unheard')
    end.stop('it will not come back')
    expect([await pass(aloneMs), end.isAlone, stops()]).toEqual([true, true, []])
  })

  it('is on a card once; the second word is for this Station alone', async () => {
    const { end, said, pass, stops } = sitting('carried')
    end.stop('fire')
    expect([await pass(3_600_000), stops()]).toEqual([false, ['fire']])
    expect(said.join()).toContain('stop once more ends this program alone')
    end.stop('fire')
    expect([await pass(0), end.isAlone, stops()]).toEqual([true, true, ['fire']])
  })

  it('after the last line ends this one and says nothing', async () => {
    const { end, now, pass, stops } = sitting()
    now.isClosed = true
    end.stop('home')
    expect([await pass(0), end.isAlone, stops()]).toEqual([true, false, []])
  })
})

describe('a Record station that is not heard any more', () => {
  it('is told of once each time, with the way to end, and of one that never came not', async () => {
    const { now, said, pass } = sitting('unheard')
    await pass(10 * aloneMs)
    expect(said).toEqual([])
    for (let times = 1; times <= 2; times += 1) {
      now.seat = 'heard'
      await pass(1)
      now.seat = 'unheard'
      await pass(1)
      await pass(aloneMs)
      await pass(aloneMs)
      expect(said).toHaveLength(times)
    }
    expect(said[0]).toContain('custody-ceremony stop CARD REASON ends this program')
  })
})
