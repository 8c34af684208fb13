import type { Command } from 'commander';
import { readLineage } from '../models/lineage.ts';
import { lineageText } from '../models/lineage-text.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { inSession } from './session.ts';

export function addLineageCommand(models: Command): void {
  models
    .command('lineage')
    .description(
      'tells where a version comes from: its data, its code, its metrics, who approved it, what serves it',
    )
    .argument('<version>', 'a version, or an alias such as champion')
    .action(
      inSession(async (session, _options: object, reference: string) => {
        const lineage = await readLineage(session, reference);
        session.output.data(lineage, () => lineageText(lineage));
        return EXIT.ok;
      }),
    );
}
