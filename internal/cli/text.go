package cli

import (
	"os"
	"strings"

	"github.com/gakuri-lab/gakuri/experiment"
)

// language is what --lang says, then what LC_ALL, LC_MESSAGES and LANG say, in
// the order of POSIX. It is wanted before flags are parsed: help is made of it.
func language(args []string) string {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			return value
		}
		if arg == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if v == "ja" || strings.HasPrefix(v, "ja_") || strings.HasPrefix(v, "ja-") {
				return "ja"
			}
			return "en"
		}
	}
	return "en"
}

// The phrases of the command line.
var (
	textRoot     = experiment.Text{En: "gakuri trains neural networks on physics problems and holds every result against an exact answer.", Ja: "gakuri は物理の問題でニューラルネットワークを学習させ、結果を必ず厳密解と比べます。"}
	textTry      = experiment.Text{En: "Try this first:", Ja: "まずはこちら:"}
	textThen     = experiment.Text{En: "Then:", Ja: "次に:"}
	textListAll  = experiment.Text{En: "all experiments", Ja: "実験の一覧"}
	textHelpOf   = experiment.Text{En: "what can be changed", Ja: "変えられる量"}
	textHelpAll  = experiment.Text{En: "all commands", Ja: "すべてのコマンド"}
	textRun      = experiment.Text{En: "run an experiment", Ja: "実験を実行する"}
	textList     = experiment.Text{En: "list the experiments", Ja: "実験の一覧を表示する"}
	textVersion  = experiment.Text{En: "print the version", Ja: "バージョンを表示する"}
	textData     = experiment.Text{En: "list and fetch data sets", Ja: "データセットの一覧と取得"}
	textDataList = experiment.Text{En: "list the data sets", Ja: "データセットの一覧を表示する"}
	textDataGet  = experiment.Text{En: "fetch a data set", Ja: "データセットを取得する"}
	textDataPath = experiment.Text{En: "print where a data set lies", Ja: "データセットの場所を表示する"}
	textHelpCmd  = experiment.Text{En: "help about any command", Ja: "コマンドの説明を表示する"}
	textComplete = experiment.Text{En: "print a completion script for a shell", Ja: "シェルの補完スクリプトを出力する"}

	textPreset  = experiment.Text{En: "named setting to begin with", Ja: "名前付きの設定から始める"}
	textSpec    = experiment.Text{En: "spec file (YAML); - for standard input", Ja: "設定ファイル(YAML)。- は標準入力"}
	textJSON    = experiment.Text{En: "print one JSON object on standard output", Ja: "標準出力に JSON を一つだけ出力する"}
	textSeed    = experiment.Text{En: "seed of every random choice", Ja: "乱数の種"}
	textThreads = experiment.Text{En: "worker threads; 0 means all cores; the result is the same", Ja: "スレッド数。0 は全コア。結果は変わらない"}
	textOut     = experiment.Text{En: "run folder (runs/NAME-TIME)", Ja: "実行フォルダ(runs/名前-時刻)"}
	textResume  = experiment.Text{En: "go on from this run folder", Ja: "この実行フォルダの続きから再開する"}
	textQuiet   = experiment.Text{En: "print only the last line", Ja: "最後の一行だけを表示する"}
	textLang    = experiment.Text{En: "language: en or ja", Ja: "言語: en または ja"}
	textHelp    = experiment.Text{En: "print this help", Ja: "この説明を表示する"}
	textDataDir = experiment.Text{En: "folder of data sets (GAKURI_DATA)", Ja: "データセットのフォルダ(GAKURI_DATA)"}

	textUsage     = experiment.Text{En: "Usage", Ja: "使い方"}
	textCommands  = experiment.Text{En: "Commands", Ja: "コマンド"}
	textFlags     = experiment.Text{En: "Flags", Ja: "フラグ"}
	textExamples  = experiment.Text{En: "Examples", Ja: "例"}
	textFields    = experiment.Text{En: "What can be changed", Ja: "変えられる量"}
	textPresets   = experiment.Text{En: "Presets", Ja: "名前付きの設定"}
	textEveryRun  = experiment.Text{En: "Flags of every run", Ja: "すべての実験に共通"}
	textDefault   = experiment.Text{En: "default", Ja: "既定値"}
	textAuto      = experiment.Text{En: "chosen by the experiment", Ja: "実験が決める"}
	textExitCodes = experiment.Text{
		En: "Exit code: 0 all rulers pass, 1 a ruler fails or the run diverged, 2 wrong call, 130 stopped by Ctrl-C.",
		Ja: "終了コード: 0 すべて合格、1 不合格または発散、2 呼び出しの誤り、130 Ctrl-C による中断。"}

	textRuler    = experiment.Text{En: "ruler", Ja: "物差し"}
	textValue    = experiment.Text{En: "value", Ja: "値"}
	textExact    = experiment.Text{En: "exact", Ja: "厳密値"}
	textUnit     = experiment.Text{En: "unit", Ja: "単位"}
	textError    = experiment.Text{En: "error", Ja: "誤差"}
	textPassMark = experiment.Text{En: "pass mark", Ja: "合格線"}
	textSource   = experiment.Text{En: "source", Ja: "出典"}
	textStep     = experiment.Text{En: "step", Ja: "ステップ"}
	textLoss     = experiment.Text{En: "loss", Ja: "損失"}
	textSteps    = experiment.Text{En: "steps", Ja: "ステップ"}
	textPass     = experiment.Text{En: "passed", Ja: "合格"}
	textNotHere  = experiment.Text{En: "not here yet:", Ja: "未取得:"}
	textNoRuler  = experiment.Text{En: "no ruler was measured", Ja: "物差しが測定されませんでした"}
	textFolder   = experiment.Text{En: "run folder", Ja: "実行フォルダ"}
	textGoOn     = experiment.Text{En: "go on with", Ja: "再開するには"}
	textStopping = experiment.Text{En: "stopping after this step; Ctrl-C again quits at once", Ja: "このステップで終了します。もう一度 Ctrl-C で直ちに終了します"}

	stopTexts = map[string]experiment.Text{
		"converged": {En: "converged", Ja: "収束"},
		"budget":    {En: "all steps taken", Ja: "全ステップ終了"},
		"patience":  {En: "no more gain", Ja: "改善なし"},
		"cancelled": {En: "stopped by Ctrl-C", Ja: "中断"},
		"diverged":  {En: "diverged", Ja: "発散"},
		"stalled":   {En: "at the limit of rounding", Ja: "丸め誤差の限界"},
	}
)
