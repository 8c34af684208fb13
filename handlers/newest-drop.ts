import { DROP_FILES, layout } from '../events/index.ts';
import { storage } from './runtime/clients.ts';

export interface CompleteDrop {
  name: string;
  generations: { train: string; eval: string };
}

/** The drop with both files that was completed last, by Cloud Storage's clock; `undefined` where none is complete. */
export async function newestDrop(bucket: string): Promise<CompleteDrop | undefined> {
  const drops = new Map<string, Partial<Record<string, { generation: string; updated: number }>>>();
  const files = (await storage()).bucket(bucket).getFilesStream({ prefix: layout.datasetsPrefix });
  for await (const { name, metadata } of files) {
    const [, drop, file, ...rest] = name.split('/');
    if (rest.length > 0 || !file) continue;
    const object = { generation: String(metadata.generation), updated: Date.parse(String(metadata.updated)) };
    drops.set(drop, { ...drops.get(drop), [file]: object });
  }
  const complete = [...drops].flatMap(
    ([name, { [DROP_FILES.train]: train, [DROP_FILES.eval]: evaluation }]) => {
      if (!train || !evaluation) return [];
      const generations = { train: train.generation, eval: evaluation.generation };
      const completed = Math.max(train.updated, evaluation.updated);
      return [{ name, generations, completed }];
    },
  );
  complete.sort((left, right) => right.completed - left.completed);
  const [newest] = complete;
  return newest && { name: newest.name, generations: newest.generations };
}
