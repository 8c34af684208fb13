/**
 * Does something for each of many, so many at a time, and yields the answers in the order of what was given. It does
 * not run ahead of a reader by more than that, so whoever stops reading stops the work.
 */
export async function* inOrder<Item, Answer>(
  items: Iterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Answer>,
): AsyncGenerator<Answer> {
  const ahead: Promise<Answer>[] = [];
  const start = (item: Item) => {
    const answer = work(item);
    // Whoever awaits it hears of a failure; until then it is not an unhandled one.
    answer.catch(() => undefined);
    ahead.push(answer);
  };
  for (const item of items) {
    start(item);
    if (ahead.length >= concurrency) yield await ahead.shift()!;
  }
  while (ahead.length > 0) yield await ahead.shift()!;
}
