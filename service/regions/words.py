"""The words that a picture adds by itself, in each of its languages."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "es", "ja", "zh", "ar", "ru"]


@dataclass(frozen=True, kw_only=True)
class Words:
    """Words in one language; a place in braces is filled in.

    Parameters
    ----------
    title, title_of : str
        The title of a picture, without and with the name of its model.
    slice_at : str
        Before the list of fixed features.
    others : str
        Stands for fixed features that are not listed one by one.
    projected : str
        Says that the drawn rows do not lie on the slice.
    principal : str
        Names an axis of a plane along principal components.
    principal_plane : str
        Stands for the slice of such a plane.
    share : str
        Head of the column of area shares.
    nowhere : str
        Explains the mark of classes that win nowhere.
    undecided : str
        Where no class is decided.
    misclassified, of_points : str
        Beside the ring, and how many of how many.
    fainter, larger : str
        Why some points are faint, and why some are large.
    probability, winner : str
        Head of the key of tints, in two lines.
    axes : str
        For readers of the description: which features the axes show.
    """

    title: str
    title_of: str
    slice_at: str
    others: str
    projected: str
    principal: str
    principal_plane: str
    share: str
    nowhere: str
    undecided: str
    misclassified: str
    of_points: str
    fainter: str
    larger: str
    probability: str
    winner: str
    axes: str


WORDS: dict[Language, Words] = {
    "en": Words(
        title="Decision regions",
        title_of="Decision regions of {name}",
        slice_at="Slice at ",
        others="{count} more at their medians or modes",
        projected="; points are projected onto it",
        principal="principal component {number} ({share} % of variance)",
        principal_plane="Plane through the mean row along two principal components",
        share="in view",
        nowhere="wins nowhere in view",
        undecided="undecided",
        misclassified="misclassified",
        of_points="{count} of {total}",
        fainter="fainter: far off the slice",
        larger="larger: several rows",
        probability="Probability of",
        winner="the winning class",
        axes="{x} across, {y} up",
    ),
    "es": Words(
        title="Regiones de decisión",
        title_of="Regiones de decisión de {name}",
        slice_at="Corte en ",
        others="otras {count} en su mediana o moda",
        projected="; los puntos se proyectan sobre él",
        principal="componente principal {number} ({share} % de la varianza)",
        principal_plane="Plano por la fila media según dos componentes principales",
        share="a la vista",
        nowhere="no gana en ningún punto visible",
        undecided="sin decidir",
        misclassified="mal clasificados",
        of_points="{count} de {total}",
        fainter="más tenue: más lejos del corte",
        larger="más grande: varias filas",
        probability="Probabilidad de",
        winner="la clase ganadora",
        axes="{x} en horizontal, {y} en vertical",
    ),
    "ja": Words(
        title="決定領域",
        title_of="{name} の決定領域",
        slice_at="断面: ",
        others="ほか {count} 個は中央値または最頻値",
        projected="。点は断面に射影",
        principal="第 {number} 主成分 (分散の {share} %)",
        principal_plane="平均の行を通り 2 つの主成分に沿う平面",
        share="表示範囲の割合",
        nowhere="表示範囲で勝つ場所なし",
        undecided="判定保留",
        misclassified="誤分類",
        of_points="{total} 点中 {count} 点",
        fainter="薄い点: 断面から遠い",
        larger="大きい点: 複数の行",
        probability="最も確からしい",
        winner="クラスの確率",
        axes="横軸 {x}、縦軸 {y}",
    ),
    "zh": Words(
        title="决策区域",
        title_of="{name} 的决策区域",
        slice_at="切面: ",
        others="其余 {count} 个取中位数或众数",
        projected="；各点投影到切面上",
        principal="第 {number} 主成分 (占方差 {share} %)",
        principal_plane="过均值行、沿两个主成分的平面",
        share="视图占比",
        nowhere="视图中无胜出区域",
        undecided="未决定",
        misclassified="分类错误",
        of_points="{total} 个中的 {count} 个",
        fainter="较淡: 离切面较远",
        larger="较大: 多行重合",
        probability="胜出类别",
        winner="的概率",
        axes="横轴 {x}，纵轴 {y}",
    ),
    "ar": Words(
        title="مناطق القرار",
        title_of="مناطق القرار للنموذج {name}",
        slice_at="المقطع عند ",
        others="و{count} أخرى عند الوسيط أو المنوال",
        projected="؛ النقاط مسقطة عليه",
        principal="المركبة الرئيسية {number} ({share} % من التباين)",
        principal_plane="مستوى يمر بصف المتوسطات وفق مركبتين رئيسيتين",
        share="من العرض",
        nowhere="لا تفوز في أي موضع معروض",
        undecided="بلا قرار",
        misclassified="تصنيف خاطئ",
        of_points="{count} من {total}",
        fainter="أبهت: أبعد عن المقطع",
        larger="أكبر: عدة صفوف",
        probability="احتمال",
        winner="الفئة الفائزة",
        axes="{x} أفقيا، {y} رأسيا",
    ),
    "ru": Words(
        title="Области решений",
        title_of="Области решений модели {name}",
        slice_at="Сечение при ",
        others="ещё {count} по медиане или моде",
        projected="; точки спроецированы на него",
        principal="главная компонента {number} ({share} % дисперсии)",
        principal_plane="Плоскость через среднюю строку вдоль двух главных компонент",
        share="в кадре",
        nowhere="в кадре нигде не побеждает",
        undecided="без решения",
        misclassified="ошибочные",
        of_points="{count} из {total}",
        fainter="бледнее: дальше от сечения",
        larger="крупнее: несколько строк",
        probability="Вероятность",
        winner="победившего класса",
        axes="{x} по горизонтали, {y} по вертикали",
    ),
}
"""Each language by its code."""


def preferred(accept_language: str) -> Language:
    """Choose a language as a browser asks for it.

    Parameters
    ----------
    accept_language : str
        The header `Accept-Language`, perhaps empty.

    Returns
    -------
    {"en", "es", "ja", "zh", "ar", "ru"}
        The most wanted of ours; English where none is wanted.

    Examples
    --------
    >>> preferred("de, ja;q=0.5, es-MX;q=0.8"), preferred("")
    ('es', 'en')
    """
    wanted: list[tuple[float, Language]] = []
    for part in accept_language[:1000].split(","):
        name, _, rest = part.strip().partition(";")
        try:
            weight = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            continue
        primary = name.split("-")[0].lower()
        wanted += [(weight, code) for code in WORDS if code == primary and weight > 0.0]
    return max(wanted, key=lambda pair: pair[0], default=(1.0, "en"))[1]
