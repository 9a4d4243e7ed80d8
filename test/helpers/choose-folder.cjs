// Answers the system's folder dialog, which no test can click, with the folder that SAIM_TEST_FOLDER names.
setImmediate(() => {
  const { dialog } = require('electron')
  dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [process.env.SAIM_TEST_FOLDER] })
})
