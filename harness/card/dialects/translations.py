"""Common settings, metrics and facts as cards in Chinese, German, French, Spanish, Portuguese, Russian call them."""

from collections.abc import Mapping

# Name in the field's terms -> spellings, in snake case.
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "learning_rate": (
        "学习率", "lernrate", "taux_d'apprentissage", "taux_d’apprentissage", "tasa_de_aprendizaje",
        "taxa_de_aprendizado", "taxa_de_aprendizagem", "скорость_обучения",
    ),
    "train_batch_size": (
        "批大小", "批次大小", "批量大小", "训练批大小", "训练批次大小", "batch大小", "batchgröße", "batch_größe",
        "stapelgröße",
        "taille_de_lot", "taille_du_lot", "taille_des_lots", "taille_de_batch", "taille_du_batch", "tamaño_de_lote",
        "tamaño_del_lote", "tamaño_de_batch", "tamanho_do_lote", "tamanho_de_lote", "tamanho_do_batch", "размер_батча",
    ),
    "num_train_epochs": (
        "训练轮数", "训练轮次", "轮数", "epoch数", "训练周期", "epochen", "anzahl_der_epochen", "anzahl_epochen",
        "trainingsepochen", "époques", "nombre_d'époques", "nombre_d’époques", "épocas", "número_de_épocas",
        "num_épocas", "épocas_de_entrenamiento", "épocas_de_treinamento",
        "эпохи", "эпох", "количество_эпох", "число_эпох",
    ),
    "max_steps": ("训练步数", "trainingsschritte", "pasos_de_entrenamiento", "passos_de_treinamento"),
    "max_seq_length": (
        "最大长度", "最大序列长度", "序列长度", "最大输入长度", "sequenzlänge", "maximale_sequenzlänge",
        "maximale_länge",
        "longueur_maximale", "longueur_maximale_de_séquence", "longueur_de_séquence", "longitud_máxima",
        "longitud_máxima_de_secuencia", "longitud_de_secuencia", "comprimento_máximo",
        "comprimento_máximo_da_sequência", "tamanho_máximo_da_sequência",
    ),
    "warmup_steps": ("预热步数", "热身步数", "aufwärmschritte", "pasos_de_calentamiento", "passos_de_aquecimento"),
    "warmup_ratio": ("预热比例", "warmup比例"),
    "weight_decay": (
        "权重衰减", "gewichtsabnahme", "decaimiento_de_pesos", "decaimento_de_peso", "decaimento_de_pesos",
    ),
    "optimizer": ("优化器", "optimierer", "optimiseur", "optimizador", "otimizador"),
    "seed": ("随机种子", "zufallsstartwert", "graine", "graine_aléatoire", "semilla", "semente"),
    "doc_stride": ("文档步长",),
    "gradient_accumulation_steps": ("梯度累积步数", "梯度累积"),
}  # fmt: skip
EXACT = (
    "精确匹配", "完全匹配", "exakte_übereinstimmung", "correspondance_exacte", "coincidencia_exacta",
    "correspondência_exata",
)  # fmt: skip
F1 = ("f1值", "f1分数", "f1_wert", "f1_maß", "score_f1", "puntuación_f1", "pontuação_f1")
ACCURACY = ("准确率", "正确率", "genauigkeit", "exactitude", "exactitud", "acurácia", "precisão_global")
FACTS: Mapping[str, str] = {
    "训练数据": "train_data", "训练集": "train_data", "评估数据": "eval_data", "测试数据": "eval_data",
    "基础模型": "student",
    "trainingsdaten": "train_data", "evaluationsdaten": "eval_data", "testdaten": "eval_data", "basismodell": "student",
    "données d'entraînement": "train_data", "données d'évaluation": "eval_data", "modèle de base": "student",
    "datos de entrenamiento": "train_data", "datos de evaluación": "eval_data", "modelo base": "student",
    "dados de treinamento": "train_data", "dados de treino": "train_data", "dados de avaliação": "eval_data",
    "语言": "language", "sprache": "language", "langue": "language", "idioma": "language",
}  # fmt: skip
