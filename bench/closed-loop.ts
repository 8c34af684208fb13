/** What one measurement found. */
export interface Latency {
  /** Milliseconds from a call to its answer, of the middle call and of the slowest in a hundred. */
  p50: number;
  p99: number;
  callsPerSecond: number;
  /** Milliseconds of processor time per call, of the process that was asked for. */
  processor: number;
  calls: number;
}

/**
 * Calls again as soon as the last call was answered, for some seconds, after a warm-up of a quarter as long.
 *
 * @param concurrency how many do so at the same time
 * @param processorSeconds the time on a processor, so far, of the process that answers: unlike a latency, it hardly
 *   depends on what else the machine is doing
 */
export async function closedLoop(
  call: () => Promise<void> | void,
  {
    concurrency,
    seconds,
    processorSeconds = () => Number.NaN,
  }: { concurrency: number; seconds: number; processorSeconds?: () => number },
): Promise<Latency> {
  await loop(call, concurrency, seconds / 4);
  const [begin, processor] = [performance.now(), processorSeconds()];
  const latencies = (await loop(call, concurrency, seconds)).toSorted();
  const elapsed = (performance.now() - begin) / 1000;
  const quantile = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
  return {
    p50: quantile(0.5),
    p99: quantile(0.99),
    callsPerSecond: latencies.length / elapsed,
    processor: (1000 * (processorSeconds() - processor)) / latencies.length,
    calls: latencies.length,
  };
}

async function loop(
  call: () => Promise<void> | void,
  concurrency: number,
  seconds: number,
): Promise<Float64Array> {
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1000;
  const caller = async () => {
    let now = performance.now();
    while (now < end) {
      const begin = now;
      const answer = call();
      if (answer) await answer;
      now = performance.now();
      latencies.push(now - begin);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return Float64Array.from(latencies);
}
