/** The person's Python: SAIM_PYTHON, else the one on the path. */
export const interpreter = () =>
  process.env['SAIM_PYTHON'] || (process.platform === 'win32' ? 'python' : 'python3')
