// Questions that are asked ahead of the answers that somebody waits for.
import { describe, expect, it } from 'vitest'
import { ahead } from '../../coordinator/chain-rpc/ahead.ts'

async function all<T>(answers: AsyncGenerator<T>): Promise<readonly T[]> {
  const got: T[] = []
  for await (const one of answers) got.push(one)
  return got
}

describe('questions asked ahead', () => {
  it('are answered in their order, and never more than so many at a time', async () => {
    let [running, most] = [0, 0]
    const ask = async (question: number): Promise<number> => {
      running += 1
      most = Math.max(most, running)
      // The first of each four takes longest.
      for (let turns = 4 - (question % 4); turns > 0; turns -= 1) await Promise.resolve()
      running -= 1
      return question * 10
    }
    const questions = Array.from({ length: 23 }, (_, at) => at)
    expect(await all(ahead(questions, 4, ask))).toEqual(questions.map((one) => one * 10))
    expect(most).toBe(4)
    expect(await all(ahead([], 4, ask))).toEqual([])
  })

  it('end with the first that fails', async () => {
    const asked: number[] = []
    const ask = async (question: number): Promise<number> => {
      asked.push(question)
      if (question >= 2) throw new Error(`no ${question}`)
      return question
    }
    await expect(all(ahead([0, 1, 2, 3, 4, 5, 6, 7], 3, ask))).rejects.toThrow('no 2')
    expect(asked.length).toBeLessThan(8)
  })
})
