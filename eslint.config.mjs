import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import ts from 'typescript-eslint'

export default ts.config(
  { ignores: ['out', 'dist', 'resources', '.cache'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  prettier,
  {
    languageOptions: { globals: globals.node },
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['src-renderer/**/*'],
    languageOptions: { globals: globals.browser, parserOptions: { parser: ts.parser } },
    rules: {
      'vue/multi-word-component-names': 'off',
      'vue/valid-v-slot': ['error', { allowModifiers: true }],
    },
  },
  // The layering of docs/architecture.md, kept by the linter.
  layer('src-shared/**', ['#model/*', '**/src-renderer/**', 'node:*', 'electron', '@tensorflow/*']),
  layer('src-renderer/**', ['#model/*', 'node:*', 'electron', '@tensorflow/*']),
  layer('src-main/saim/**', ['**/engine/**', '**/data/**', 'node:*', 'electron', 'onnxruntime*', 'sharp']),
  layer('src-main/engine/**', ['**/saim/**', '**/data/**', 'electron', 'sharp']),
)

/** Files under `folder` may not import any of `forbidden`. */
function layer(folder, forbidden) {
  return {
    files: [folder],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: forbidden }] }] },
  }
}
