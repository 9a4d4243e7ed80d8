import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import ts from 'typescript-eslint'

export default ts.config(
  {
    // The last are what vite makes of its configuration while it builds beside us.
    ignores: ['out', 'dist', 'resources', '.cache', '*.config.ts.*.mjs'],
  },
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
  // A promise that nobody waits for takes the whole application along when it fails: `void` does not help against that.
  {
    files: ['src-main/**/*.ts'],
    ignores: ['src-main/images/pixels/wasm/**'],
    languageOptions: { parserOptions: { project: './tsconfig.node.json' } },
    rules: {
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          ignoreVoid: false,
          // Backends of tfjs that are ready at once are set at once.
          allowForKnownSafeCalls: [{ from: 'package', package: '@tensorflow/tfjs-core', name: 'setBackend' }],
        },
      ],
    },
  },
  // The output of a command is its result, and nothing beside it.
  {
    files: ['src-main/cli/**/*.ts'],
    ignores: ['src-main/cli/support/answer.ts'],
    rules: { 'no-console': 'error' },
  },
  // Floors are kept by .dependency-cruiser.mjs; imports name a neighbour (./x) or a floor (#model/x).
  {
    files: ['src-*/**', 'test/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^\\.\\./(?!.*(json|css)$)' }] }],
    },
  },
  {
    files: ['src-*/**'],
    ignores: ['src-main/platform/environment.ts', '**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Use platform/environment.ts.' },
      ],
    },
  },
)
