// Many questions of one kind, so many of them at the same time, and the answers in the order of the
// questions. The first that fails ends it; what was asked beside it is not waited for.

export async function* ahead<Q, A>(
  questions: Iterable<Q>,
  width: number,
  ask: (question: Q) => Promise<A>,
): AsyncGenerator<A, void, undefined> {
  const running: Promise<A>[] = []
  for (const question of questions) {
    const one = ask(question)
    // It fails where it is waited for, not before.
    one.catch(() => {})
    running.push(one)
    if (running.length >= width) yield await (running.shift() as Promise<A>)
  }
  for (const one of running) yield await one
}
