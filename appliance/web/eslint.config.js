// The house rules for the web UI: strict types, hooks, accessibility, and the direction of imports.
import jsxA11y from 'eslint-plugin-jsx-a11y'
import hooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

/** Each layer may import only those before it. */
const layers = ['lib', 'api', 'ui', 'components', 'forms', 'pages', 'app']

/** `ui` is the kit and knows no API, so it sees `lib` alone. */
const mayImport = (layer) => (layer === 'ui' ? ['lib', 'ui'] : layers.slice(0, layers.indexOf(layer) + 1))

const direction = layers.map((layer) => ({
  files: [`src/${layer}/**/*.{ts,tsx}`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [
        { group: layers.filter((other) => !mayImport(layer).includes(other)).map((other) => `@/${other}/**`).concat('@/nothing'),
          message: `${layer} must not import from a layer above it: lib <- api, ui <- components <- forms <- pages <- app.` },
        { group: ['../*'], message: 'Import from another folder as @/folder/file, so that the direction of imports can be read.' },
      ],
    }],
  },
}))

export default tseslint.config(
  { ignores: ['dist', 'src/api/generated'] },
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  // A catalogue is as long as there are words.
  { files: ['src/lib/words/*.ts'], rules: { 'max-lines': 'off' } },
  ...direction,
)
