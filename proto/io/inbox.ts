// A queue between callbacks that put and one loop that takes with `for await`. It bounds nothing by
// itself: whoever puts reads `waiting` and stops its source; `onTaken` tells when there is room.
// `fail` lets the loop throw after what was put before.

export interface Inbox<T> extends AsyncIterable<T> {
  readonly waiting: number
  /** Without effect after `end`. */
  put(item: T): void
  end(): void
  fail(error: unknown): void
}

export function inbox<T>(onTaken: () => void = () => {}): Inbox<T> {
  const items: T[] = []
  let end: { readonly error?: unknown } | undefined
  let wake = (): void => {}
  const finish = (how: { readonly error?: unknown }): void => {
    end ??= how
    wake()
  }
  async function* take(): AsyncGenerator<T> {
    for (;;) {
      const item = items.shift()
      if (item !== undefined) {
        onTaken()
        yield item
      } else if (end !== undefined) {
        if ('error' in end) throw end.error
        return
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  }
  return {
    get waiting() {
      return items.length
    },
    put: (item) => {
      if (end === undefined) items.push(item)
      wake()
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    [Symbol.asyncIterator]: take,
  }
}
