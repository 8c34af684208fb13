import { doctorCommand } from './doctor/command.ts';

await doctorCommand().parseAsync();
