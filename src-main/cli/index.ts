import { closeDataFolder } from '#platform/paths'
import { guardConsole } from '#platform/terminal'
import { program } from './program'
import { endWithReader, fail } from './support/ending'

guardConsole()
closeDataFolder()
endWithReader()
program.parseAsync().catch(fail)
