import { environment } from './environment'

/** The person's Python: SAIM_PYTHON, else the one on the path. */
export const interpreter = () => environment.python() ?? (process.platform === 'win32' ? 'python' : 'python3')
