import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import { copyWorkload } from '../workloads/new.ts';
import { duration } from './arguments.ts';
import { inShell } from './session.ts';

const WORKLOADS = resolve(import.meta.dirname, '../../workloads');
const TEMPLATE = 'churn';

interface CheckFlags {
  data?: string;
  parameter: Record<string, string>;
  timeout: number;
}

export function addWorkloadsCommands(program: Command): void {
  const workloads = program.command('workloads').description('your own data set, in your own containers');
  workloads
    .command('check')
    .description('runs the roles of a workload on this machine, and says what breaks the contract')
    .argument('<dir>', 'the folder workloads/NAME')
    .option('--data <dir>', "a folder with train.csv and eval.csv (default: the workload's sample/)")
    .option(
      '--parameter <name=value>',
      "a hyperparameter, before config.json's (repeatable)",
      parameter,
      {} as Record<string, string>,
    )
    .option('--timeout <duration>', 'how long a container may take', duration, 300_000)
    .action(
      inShell(async ({ output, signal }, { data, parameter, timeout }: CheckFlags, dir: string) => {
        const { checkWorkload } = await import('../workloads/check.ts');
        const { sampleFolder, workloadFolder } = await import('../workloads/folder.ts');
        const { renderCheck } = await import('../workloads/render.ts');
        const folder = workloadFolder(dir);
        const sample = sampleFolder(folder, data);
        const checked = await checkWorkload({
          ...{ folder, sample, signal, parameters: parameter, timeoutMs: timeout },
          onPart: (part) => output.say(`checking ${part}`),
        });
        output.data(checked, () => renderCheck(checked));
        return checked.kept ? EXIT.ok : EXIT.failure;
      }),
    );
  workloads
    .command('new')
    .description(`copies workloads/${TEMPLATE} to begin with: Python, a table with a label of two values`)
    .argument('<name>', 'lower-case letters, digits and dashes')
    .action(
      inShell(async ({ output }, _options: object, name: string) => {
        if (!/^[a-z][a-z0-9-]*$/.test(name)) {
          throw new CommandError(EXIT.usage, `"${name}": expected lower-case letters, digits and dashes`);
        }
        copyWorkload(resolve(WORKLOADS, TEMPLATE), resolve(WORKLOADS, name));
        output.data({ workload: name, directory: resolve(WORKLOADS, name) }, () => `workloads/${name}`);
        return EXIT.ok;
      }),
    );
}

function parameter(text: string, parameters: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError('expected name=value.');
  return { ...parameters, [name]: value };
}
