/** Milliseconds as min/median/max, with how many there are. */
export function spread(samples: number[] = []): string {
  if (samples.length === 0) return 'none';
  const sorted = [...samples].sort((left, right) => left - right);
  const at = (index: number) => sorted[index].toFixed(0);
  return `${at(0)}/${at(Math.floor(sorted.length / 2))}/${at(sorted.length - 1)} ms of ${sorted.length}`;
}
